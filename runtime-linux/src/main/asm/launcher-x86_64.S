# The launcher for x86-64: a whole ELF program that a container process becomes before it becomes its command.
#
# Until a task executes something it is, for the kernel, the JVM: /proc/self/exe in the image would lead to the host's java
# (CVE-2019-5736). So it executes this first, from sealed memory, with nothing of the JVM's around it. Its arguments are the
# places that the command may be in, an empty one, and the command's own arguments. Descriptor 4 is an event: if no place can be
# executed, it gets why (ENOENT, unless one failed with something else than ENOENT and ENOTDIR), and the launcher exits with 127.
#
# Assemble: as -o t.o launcher-x86_64.S && objcopy -O binary -j .text t.o launcher-x86_64.bin

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
  mov $72,%eax                # fcntl(4, F_SETFD, FD_CLOEXEC)
  mov $4,%edi
  mov $2,%esi
  mov $1,%edx
  syscall
  mov (%rsp),%rcx
  lea 8(%rsp),%rbx            # rbx = the next place
  lea 16(%rsp,%rcx,8),%r14    # r14 = the environment
  mov %rbx,%r13
1: mov (%r13),%rax
  add $8,%r13                 # r13 = the command's arguments, after the empty one
  test %rax,%rax
  jz leave
  cmpb $0,(%rax)
  jne 1b
  mov $2,%r12d                # r12 = why not: ENOENT
place:
  mov (%rbx),%rdi
  add $8,%rbx
  cmpb $0,(%rdi)
  je none
  mov %r13,%rsi
  mov %r14,%rdx
  mov $59,%eax                # execve
  syscall
  neg %eax
  cmp $2,%eax                 # ENOENT
  je place
  cmp $20,%eax                # ENOTDIR
  je place
  mov %eax,%r12d
  jmp place
none:
  push %r12
  mov $1,%eax                 # write(4, why, 8)
  mov $4,%edi
  mov %rsp,%rsi
  mov $8,%edx
  syscall
leave:
  mov $231,%eax               # exit_group(127)
  mov $127,%edi
  syscall
  ud2
end:
