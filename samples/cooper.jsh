import dev.cooper.*
import dev.cooper.command.*
import dev.cooper.error.*
import dev.cooper.event.*
import dev.cooper.image.*
import dev.cooper.maintenance.*
import dev.cooper.oci.*
import dev.cooper.oci.compress.Compression
import dev.cooper.oci.registry.*
import dev.cooper.step.*
import java.net.URI
import java.nio.file.Path
import java.time.*
import java.util.*
Cooper cooper = Cooper.builder().listener(BuildListener.progress(System.out)).build()
Runtime.getRuntime().addShutdownHook(new Thread(() -> cooper.close()))
System.out.println("cooper is open: try  var c = cooper.from(\"rootfs:debian.tar\")  or  cooper.images()  or  Cooper.probe()")
