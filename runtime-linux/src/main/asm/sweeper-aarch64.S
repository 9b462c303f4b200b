// The sweeper for aarch64; sweeper-x86_64.S says what it does.
// Assemble: aarch64-linux-gnu-as -o t.o sweeper-aarch64.S && aarch64-linux-gnu-objcopy -O binary -j .text t.o sweeper-aarch64.bin

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
  mov x8, #167                // prctl(PR_SET_NAME, name): a program in memory has none of its own
  mov x0, #15
  adr x1, name
  svc #0
  sub sp, sp, #4096
  mov x19, sp                 // x19 = the list, as far as it fits
again:
  mov x8, #56                 // openat(AT_FDCWD, list, O_RDONLY | O_CLOEXEC)
  mov x0, #-100
  adr x1, list
  mov x2, #0x80000
  mov x3, #0
  svc #0
  tbnz x0, #63, leave
  mov x20, x0
  mov x8, #63                 // read
  mov x1, x19
  mov x2, #4096
  svc #0
  add x21, x19, x0            // x21 = its end
  mov x8, #57                 // close
  mov x0, x20
  svc #0
  mov x22, x19                // x22 = what of it is seen next
  mov w23, #0                 // w23 = the number that is read; one that is cut off is not used
next:
  cmp x22, x21
  b.hs reap
  ldrb w9, [x22], #1
  sub w9, w9, #48
  cmp w9, #9
  b.hi ended
  mov w10, #10
  madd w23, w23, w10, w9
  b next
ended:
  cbz w23, next               // 0 would be the group of processes
  mov x8, #129                // kill(child, SIGKILL)
  mov w0, w23
  mov x1, #9
  svc #0
  mov w23, #0
  b next
reap:
  mov x8, #260                // wait4(-1, 0, __WALL | WNOHANG, 0)
  mov x0, #-1
  mov x1, #0
  mov w2, #1
  movk w2, #0x4000, lsl #16
  mov x3, #0
  svc #0
  cmn x0, #10                 // ECHILD
  b.eq leave
  cmp x0, #0
  b.gt reap
  mov x8, #101                // nanosleep
  adr x0, pause
  mov x1, #0
  svc #0
  b again
leave:
  mov x8, #94                 // exit_group(0)
  mov x0, #0
  svc #0
  brk #0
list:
  .asciz "/proc/thread-self/children"
name:
  .asciz "cooper-sweeper"
  .balign 8
pause:
  .quad 0, 1000000
end:
