package dev.cooper.linux;

/** Constants of the kernel's headers, under the kernel's own names. */
final class Linux {
  static final int AT_FDCWD = -100;
  static final int AT_SYMLINK_NOFOLLOW = 0x100;
  static final int AT_REMOVEDIR = 0x200;
  static final int AT_EMPTY_PATH = 0x1000;
  static final int AT_RECURSIVE = 0x8000;

  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0x40;
  static final int O_EXCL = 0x80;
  static final int O_TRUNC = 0x200;
  static final int O_NONBLOCK = 0x800;
  static final int O_CLOEXEC = 0x80000;
  static final int O_PATH = 0x200000;
  static final int O_DIRECTORY = Abi.CURRENT.oDirectory;
  static final int O_NOFOLLOW = Abi.CURRENT.oNofollow;

  static final long RESOLVE_NO_MAGICLINKS = 0x02;
  static final long RESOLVE_NO_SYMLINKS = 0x04;
  static final long RESOLVE_BENEATH = 0x08;
  static final long RESOLVE_IN_ROOT = 0x10;

  static final int S_IFMT = 0xF000;
  static final int S_IFIFO = 0x1000;
  static final int S_IFCHR = 0x2000;
  static final int S_IFDIR = 0x4000;
  static final int S_IFBLK = 0x6000;
  static final int S_IFREG = 0x8000;
  static final int S_IFLNK = 0xA000;
  static final int S_IFSOCK = 0xC000;

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int E2BIG = 7;
  static final int ENOEXEC = 8;
  static final int EIO = 5;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int EEXIST = 17;
  static final int ENOTDIR = 20;
  static final int EISDIR = 21;
  static final int EINVAL = 22;
  static final int ENOSPC = 28;
  static final int ERANGE = 34;
  static final int ENOSYS = 38;
  static final int ENOTEMPTY = 39;
  static final int ELOOP = 40;
  static final int EMLINK = 31;
  static final int EOVERFLOW = 75;
  static final int ENODATA = 61;
  static final int EOPNOTSUPP = 95;
  static final int EDQUOT = 122;

  static final long CLONE_VM = 0x100;
  static final long CLONE_FILES = 0x400;
  static final long CLONE_PIDFD = 0x1000;
  static final long CLONE_VFORK = 0x4000;
  static final long CLONE_NEWNS = 0x20000;
  static final long CLONE_NEWCGROUP = 0x2000000;
  static final long CLONE_NEWUTS = 0x4000000;
  static final long CLONE_NEWIPC = 0x8000000;
  static final long CLONE_NEWUSER = 0x10000000;
  static final long CLONE_NEWPID = 0x20000000;
  static final long CLONE_NEWNET = 0x40000000;
  static final int SIGKILL = 9;
  static final int SIGCHLD = 17;
  static final int SIGCONT = 18;

  static final long MS_RDONLY = 1;
  static final long MS_NODEV = 4;
  static final long MS_BIND = 0x1000;
  static final long MS_REC = 0x4000;
  static final long MS_PRIVATE = 1 << 18;
  static final int MNT_DETACH = 2;
  static final long MOUNT_ATTR_RDONLY = 1;
  static final long MOUNT_ATTR_NOSUID = 2;
  static final long MOUNT_ATTR_NODEV = 4;
  static final long MOUNT_ATTR_NOEXEC = 8;
  static final int OPEN_TREE_CLONE = 1;
  static final int OPEN_TREE_CLOEXEC = O_CLOEXEC;
  static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
  static final int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
  static final int FSOPEN_CLOEXEC = 1;
  static final int FSMOUNT_CLOEXEC = 1;
  static final int FSCONFIG_SET_FLAG = 0;
  static final int FSCONFIG_SET_STRING = 1;
  static final int FSCONFIG_CMD_CREATE = 6;

  static final int PR_SET_PDEATHSIG = 1;
  static final int PR_GET_DUMPABLE = 3;
  static final int PR_SET_DUMPABLE = 4;
  static final int PR_SET_NAME = 15;
  static final int PR_CAPBSET_DROP = 24;
  static final int PR_SET_CHILD_SUBREAPER = 36;
  static final int PR_SET_NO_NEW_PRIVS = 38;
  static final int PR_CAP_AMBIENT = 47;
  static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;

  static final int MFD_CLOEXEC = 1;
  static final int MFD_ALLOW_SEALING = 2;
  static final int MFD_EXEC = 0x10;
  static final int F_ADD_SEALS = 1033;
  static final int F_SEAL_SEAL = 1;
  static final int F_SEAL_SHRINK = 2;
  static final int F_SEAL_GROW = 4;
  static final int F_SEAL_WRITE = 8;
  static final int F_SEAL_EXEC = 0x20;

  static final int ECHILD = 10;
  static final int EXDEV = 18;
  static final int ENXIO = 6;

  static final int WNOHANG = 1;
  static final int WEXITED = 4;
  static final int WNOWAIT = 0x1000000;
  static final int WALL = 0x40000000;
  static final int P_PID = 1;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;
  static final int FICLONE = 0x40049409;
  static final int POLLIN = 1;
  static final int POLLOUT = 4;
  static final int POLLERR = 8;
  static final int POLLHUP = 16;

  private Linux() {}
}
