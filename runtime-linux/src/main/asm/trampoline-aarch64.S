// The trampoline for aarch64; trampoline-x86_64.S says what a row is.
// Assemble: aarch64-linux-gnu-as -o t.o trampoline-aarch64.S && aarch64-linux-gnu-objcopy -O binary -j .text t.o trampoline-aarch64.bin

  .text
execute:
  stp x29, x30, [sp, #-48]!
  mov x29, sp
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  mov x19, x0
  bl run
  mov x0, x19
  ldp x21, x22, [sp, #32]
  ldp x19, x20, [sp, #16]
  ldp x29, x30, [sp], #48
  ret

run:                          // x19 = row; on return the row that failed or that ends the table
  ldr x20, [x19]
  sxtw x8, w20
  lsr x20, x20, #32           // x20 = flags
  cmn x8, #1
  b.eq ended
  ldp x0, x1, [x19, #8]
  ldp x2, x3, [x19, #24]
  ldp x4, x5, [x19, #40]
  tbz w20, #1, 1f
  ldr x0, [x0]
1: tbz w20, #2, 1f
  ldr x1, [x1]
1: tbz w20, #3, 1f
  ldr x2, [x2]
1: tbz w20, #4, 1f
  ldr x3, [x3]
1: tbz w20, #5, 1f
  ldr x4, [x4]
1: tbz w20, #6, 1f
  ldr x5, [x5]
1: cmn x8, #2
  b.eq clone
  cmn x8, #3
  b.eq serve
  svc #0
store:
  str x0, [x19, #56]
  cmn x0, #4095
  b.hs failed
  tbz w20, #7, next
  ldr x9, [x19, #48]
  str x0, [x9]
next:
  add x19, x19, #64
  b run
failed:
  tbnz w20, #0, next
ended:
  ret

clone:                        // arguments: the child's first row, the top of its stack, flags, where its pidfd goes
  mov x21, x0
  mov x0, x2
  mov x2, x3
  mov x3, xzr
  mov x4, xzr
  mov x8, #220
  svc #0
  cbnz x0, store
  mov x19, x21
  bl run
  mov x0, #127
  mov x8, #94                 // exit_group
  svc #0
  brk #0

serve:                        // argument: the lane {int state; int pad; first row; row it stopped at}; never returns
  mov x22, x0
wait:
  ldar w2, [x22]
  cmp w2, #1
  b.eq work
  mov x0, x22
  mov x1, #128                // FUTEX_WAIT_PRIVATE
  mov x3, xzr
  mov x8, #98
  svc #0
  b wait
work:
  ldr x19, [x22, #8]
  bl run
  str x19, [x22, #16]
  mov w2, #2
  stlr w2, [x22]
  mov x0, x22
  mov x1, #129                // FUTEX_WAKE_PRIVATE
  mov x2, #1
  mov x8, #98
  svc #0
  b wait
