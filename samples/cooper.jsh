import dev.cooper.*
import java.nio.file.Path
import java.util.*
Cooper cooper = Cooper.builder().listener(BuildListener.progress(System.out)).build()
Runtime.getRuntime().addShutdownHook(new Thread(() -> cooper.close()))
System.out.println("cooper is open: try  var c = cooper.from(\"rootfs:debian.tar\")  or  cooper.images()  or  Cooper.probe()")
