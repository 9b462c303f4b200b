# The sweeper for x86-64: a whole ELF program that the guard of an isolation without namespaces becomes once the JVM is gone.
#
# The guard is a subreaper: what ends leaves it its children. So this kills its own children, whose process ids nobody else can
# reap and give to others meanwhile, until the kernel says that there are none. It reads who they are from
# /proc/thread-self/children, which needs CONFIG_PROC_CHILDREN: without it this exits, and leaves what has no parent to kill it.
#
# Assemble: as -o t.o sweeper-x86_64.S && objcopy -O binary -j .text t.o sweeper-x86_64.bin

  .set base, 0x400000
  .text
header:
  .byte 0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0
  .quad 0
  .short 2, 62                # ET_EXEC, EM_X86_64
  .long 1
  .quad base + (start - header), programs - header, 0
  .long 0
  .short 64, 56, 2, 0, 0, 0
programs:
  .long 1, 5                  # PT_LOAD, to be read and executed
  .quad 0, base, base, end - header, end - header, 0x10000
  .long 0x6474e551, 6         # PT_GNU_STACK, not to be executed
  .quad 0, 0, 0, 0, 0, 16
start:
  mov $157,%eax               # prctl(PR_SET_NAME, name): a program in memory has none of its own
  mov $15,%edi
  lea name(%rip),%rsi
  syscall
  sub $4096,%rsp
  mov %rsp,%r12               # r12 = the list, as far as it fits
again:
  mov $257,%eax               # openat(AT_FDCWD, list, O_RDONLY | O_CLOEXEC)
  mov $-100,%rdi
  lea list(%rip),%rsi
  mov $0x80000,%edx
  syscall
  test %eax,%eax
  js leave
  mov %eax,%ebx
  xor %eax,%eax               # read
  mov %ebx,%edi
  mov %r12,%rsi
  mov $4096,%edx
  syscall
  mov %rax,%r13               # r13 = its length
  mov $3,%eax                 # close
  mov %ebx,%edi
  syscall
  xor %r14d,%r14d             # r14 = how much of it is seen
  xor %edi,%edi               # edi = the number that is read; one that is cut off is not used
next:
  cmp %r13,%r14
  jge reap
  movzbl (%r12,%r14),%eax
  inc %r14
  sub $48,%eax
  cmp $9,%eax
  ja ended
  imul $10,%edi,%edi
  add %eax,%edi
  jmp next
ended:
  test %edi,%edi              # 0 would be the group of processes
  jz next
  mov $62,%eax                # kill(child, SIGKILL)
  mov $9,%esi
  syscall
  xor %edi,%edi
  jmp next
reap:
  mov $61,%eax                # wait4(-1, 0, __WALL | WNOHANG, 0)
  mov $-1,%rdi
  xor %esi,%esi
  mov $0x40000001,%edx
  xor %r10d,%r10d
  syscall
  cmp $-10,%eax               # ECHILD
  je leave
  test %eax,%eax
  jg reap
  mov $35,%eax                # nanosleep
  lea pause(%rip),%rdi
  xor %esi,%esi
  syscall
  jmp again
leave:
  mov $231,%eax               # exit_group(0)
  xor %edi,%edi
  syscall
  ud2
list:
  .asciz "/proc/thread-self/children"
name:
  .asciz "cooper-sweeper"
  .balign 8
pause:
  .quad 0, 1000000
end:
