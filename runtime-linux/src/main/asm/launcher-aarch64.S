// The launcher for aarch64; launcher-x86_64.S says what it does.
// Assemble: aarch64-linux-gnu-as -o t.o launcher-aarch64.S && aarch64-linux-gnu-objcopy -O binary -j .text t.o launcher-aarch64.bin

  .set base, 0x400000
  .text
header:
  .byte 0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0
  .quad 0
  .short 2, 183               // ET_EXEC, EM_AARCH64
  .long 1
  .quad base + (start - header), programs - header, 0
  .long 0
  .short 64, 56, 2, 0, 0, 0
programs:
  .long 1, 5                  // PT_LOAD, to be read and executed
  .quad 0, base, base, end - header, end - header, 0x10000
  .long 0x6474e551, 6         // PT_GNU_STACK, not to be executed
  .quad 0, 0, 0, 0, 0, 16
start:
  mov x8, #25                 // fcntl(4, F_SETFD, FD_CLOEXEC)
  mov x0, #4
  mov x1, #2
  mov x2, #1
  svc #0
  ldr x9, [sp]
  add x19, sp, #8             // x19 = the next place
  add x20, sp, #16
  add x20, x20, x9, lsl #3    // x20 = the environment
  mov x21, x19
1: ldr x9, [x21], #8          // x21 = the command's arguments, after the empty one
  cbz x9, leave
  ldrb w10, [x9]
  cbnz w10, 1b
  mov x22, #2                 // x22 = why not: ENOENT
place:
  ldr x0, [x19], #8
  ldrb w10, [x0]
  cbz w10, none
  mov x1, x21
  mov x2, x20
  mov x8, #221                // execve
  svc #0
  neg x0, x0
  cmp x0, #2                  // ENOENT
  b.eq place
  cmp x0, #20                 // ENOTDIR
  b.eq place
  mov x22, x0
  b place
none:
  str x22, [sp, #-16]!
  mov x8, #64                 // write(4, why, 8)
  mov x0, #4
  mov x1, sp
  mov x2, #8
  svc #0
leave:
  mov x8, #94                 // exit_group(127)
  mov x0, #127
  svc #0
  brk #0
end:
