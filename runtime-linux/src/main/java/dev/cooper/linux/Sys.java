package dev.cooper.linux;

import java.util.Locale;

/** The system calls that programs are made of, with their numbers (the kernel's asm/unistd.h). */
enum Sys {
  READ(0, 63),
  WRITE(1, 64),
  CLOSE(3, 57),
  LSEEK(8, 62),
  RT_SIGACTION(13, 134),
  RT_SIGPROCMASK(14, 135),
  IOCTL(16, 29),
  PREAD64(17, 67),
  SENDFILE(40, 71),
  SOCKET(41, 198),
  CLONE(56, 220),
  WAIT4(61, 260),
  KILL(62, 129),
  FCNTL(72, 25),
  FLOCK(73, 32),
  FSTATFS(138, 44),
  FTRUNCATE(77, 46),
  GETCWD(79, 17),
  CHDIR(80, 49),
  FCHDIR(81, 50),
  FCHMOD(91, 52),
  FCHOWN(93, 55),
  UMASK(95, 166),
  GETUID(102, 174),
  GETGID(104, 176),
  GETEUID(107, 175),
  GETEGID(108, 177),
  SETSID(112, 157),
  SETGROUPS(116, 159),
  SETRESUID(117, 147),
  SETRESGID(119, 149),
  CAPGET(125, 90),
  CAPSET(126, 91),
  PIVOT_ROOT(155, 41),
  PRCTL(157, 167),
  CHROOT(161, 51),
  MOUNT(165, 40),
  UMOUNT2(166, 39),
  SETHOSTNAME(170, 161),
  FSETXATTR(190, 7),
  GETXATTR(191, 8),
  FGETXATTR(193, 10),
  FLISTXATTR(196, 13),
  FREMOVEXATTR(199, 16),
  FUTEX(202, 98),
  GETDENTS64(217, 61),
  SET_TID_ADDRESS(218, 96),
  WAITID(247, 95),
  KEYCTL(250, 219),
  OPENAT(257, 56),
  MKDIRAT(258, 34),
  MKNODAT(259, 33),
  FCHOWNAT(260, 54),
  UNLINKAT(263, 35),
  LINKAT(265, 37),
  SYMLINKAT(266, 36),
  READLINKAT(267, 78),
  FCHMODAT(268, 53),
  PPOLL(271, 73),
  UNSHARE(272, 97),
  UTIMENSAT(280, 88),
  SIGNALFD4(289, 74),
  EVENTFD2(290, 19),
  DUP3(292, 24),
  PIPE2(293, 59),
  PRLIMIT64(302, 261),
  SYNCFS(306, 267),
  SETNS(308, 268),
  RENAMEAT2(316, 276),
  SECCOMP(317, 277),
  MEMFD_CREATE(319, 279),
  EXECVEAT(322, 281),
  COPY_FILE_RANGE(326, 285),
  STATX(332, 291),
  PIDFD_SEND_SIGNAL(424, 424),
  OPEN_TREE(428, 428),
  MOVE_MOUNT(429, 429),
  FSOPEN(430, 430),
  FSCONFIG(431, 431),
  FSMOUNT(432, 432),
  CLOSE_RANGE(436, 436),
  OPENAT2(437, 437),
  MOUNT_SETATTR(442, 442);

  /** The number on this machine's architecture. */
  final int number;

  private final int x86;
  private final int arm;

  Sys(int x86, int arm) {
    this.x86 = x86;
    this.arm = arm;
    this.number = Abi.CURRENT == Abi.X86_64 ? x86 : arm;
  }

  int number(Abi abi) {
    return abi == Abi.X86_64 ? x86 : arm;
  }

  /** The call's own name, as strace and the manual print it. */
  String title() {
    return name().toLowerCase(Locale.ROOT);
  }
}
