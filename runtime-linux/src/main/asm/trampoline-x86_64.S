# The trampoline for x86-64: runs a table of system calls. Trampoline.java says what it is for.
#
# A row is eight words of eight bytes: call, six arguments, result. The low half of "call" is the system call's number, or
# -1 end, -2 clone, -3 serve. In the high half: bit 0 tolerate a failure; bits 1 to 6 the argument is the address of its
# value; bit 7 store a success also at the address in the sixth argument (of calls that take five or fewer).
#
# Position-independent, and uses no memory but the table and its own stack. Entry: execute(first row) at 0, C calling convention; returns
# the row that it stopped at. Assemble: as -o t.o trampoline-x86_64.S && objcopy -O binary -j .text t.o trampoline-x86_64.bin

  .text
execute:
  push %rbx
  push %r12
  push %r13
  push %r14
  mov %rdi,%r12
  call run
  mov %r12,%rax
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  ret

run:                          # r12 = row; on return the row that failed or that ends the table
  mov (%r12),%r14
  movslq %r14d,%rax
  shr $32,%r14                # r14 = flags
  cmp $-1,%rax
  je ended
  mov 8(%r12),%rdi
  mov 16(%r12),%rsi
  mov 24(%r12),%rdx
  mov 32(%r12),%r10
  mov 40(%r12),%r8
  mov 48(%r12),%r9
  test $0x7e,%r14d
  jz dispatch
  test $0x02,%r14d
  jz 1f
  mov (%rdi),%rdi
1: test $0x04,%r14d
  jz 1f
  mov (%rsi),%rsi
1: test $0x08,%r14d
  jz 1f
  mov (%rdx),%rdx
1: test $0x10,%r14d
  jz 1f
  mov (%r10),%r10
1: test $0x20,%r14d
  jz 1f
  mov (%r8),%r8
1: test $0x40,%r14d
  jz dispatch
  mov (%r9),%r9
dispatch:
  cmp $-2,%rax
  je clone
  cmp $-3,%rax
  je serve
  syscall
store:
  mov %rax,56(%r12)
  cmp $-4095,%rax
  jae failed
  test $0x80,%r14d
  jz next
  mov 48(%r12),%rcx
  mov %rax,(%rcx)
next:
  add $64,%r12
  jmp run
failed:
  test $1,%r14d
  jnz next
ended:
  ret

clone:                        # arguments: the child's first row, the top of its stack, flags, where its pidfd goes
  mov %rdi,%r13
  mov %rdx,%rdi
  mov %r10,%rdx
  xor %r10d,%r10d
  xor %r8d,%r8d
  mov $56,%eax
  syscall
  test %rax,%rax
  jnz store
  mov %r13,%r12
  call run
  mov $127,%edi
  mov $231,%eax               # exit_group: a task without CLONE_THREAD is a group of its own
  syscall
  ud2

serve:                        # argument: the lane {int state; int pad; first row; row it stopped at}; never returns
  mov %rdi,%rbx
wait:
  mov (%rbx),%edx
  cmp $1,%edx
  je work
  mov %rbx,%rdi
  mov $128,%esi               # FUTEX_WAIT_PRIVATE while the state is what we saw
  xor %r10d,%r10d
  mov $202,%eax
  syscall
  jmp wait
work:
  mov 8(%rbx),%r12
  call run
  mov %r12,16(%rbx)
  movl $2,(%rbx)              # stores are not reordered with earlier ones on x86
  mov %rbx,%rdi
  mov $129,%esi               # FUTEX_WAKE_PRIVATE
  mov $1,%edx
  mov $202,%eax
  syscall
  jmp wait
