package dev.cooper.linux;

import dev.cooper.command.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * One line to write into a control group's file.
 *
 * @param controller whose file it is
 * @param option what the user calls it, with its value
 * @param file the file's name
 * @param value what is written
 */
record CgroupSetting(Controller controller, String option, String file, String value) {
  private static final int PERIOD_MICROS = 100_000;

  /** The controllers that limits need, by their names in either version. */
  enum Controller {
    MEMORY("memory", "memory"),
    CPU("cpu", "cpu"),
    PIDS("pids", "pids"),
    IO("blkio", "io");

    final String first;
    final String second;

    Controller(String first, String second) {
      this.first = first;
      this.second = second;
    }

    String name(boolean unified) {
      return unified ? second : first;
    }
  }

  /** The controllers that some limits need. */
  static List<Controller> controllers(Resources limits) {
    List<Controller> needed = new ArrayList<>();
    if (limits.memory() > 0) {
      needed.add(Controller.MEMORY);
    }
    if (limits.cpus() > 0) {
      needed.add(Controller.CPU);
    }
    if (limits.pids() > 0) {
      needed.add(Controller.PIDS);
    }
    if (limits.ioWeight() > 0 || limits.readBps() > 0 || limits.writeBps() > 0) {
      needed.add(Controller.IO);
    }
    return needed;
  }

  /**
   * What is written for a controller, in order.
   *
   * @param disk asked for the number of the root's disk where that is needed
   */
  static List<CgroupSetting> of(
      Controller controller, boolean unified, Resources limits, Supplier<String> disk) {
    List<CgroupSetting> settings = new ArrayList<>();
    switch (controller) {
      case MEMORY -> memory(unified, limits, settings);
      case CPU -> cpu(unified, limits, settings);
      case PIDS ->
          settings.add(
              new CgroupSetting(
                  controller, "pids " + limits.pids(), "pids.max", Long.toString(limits.pids())));
      case IO -> io(unified, limits, disk, settings);
    }
    return settings;
  }

  private static void memory(boolean unified, Resources limits, List<CgroupSetting> to) {
    String option = "memory " + limits.memory();
    String bytes = Long.toString(limits.memory());
    to.add(
        new CgroupSetting(
            Controller.MEMORY, option, unified ? "memory.max" : "memory.limit_in_bytes", bytes));
    if (limits.swap() >= 0) {
      // The first version counts memory and swap together.
      long value = unified ? limits.swap() : Math.addExact(limits.memory(), limits.swap());
      to.add(
          new CgroupSetting(
              Controller.MEMORY,
              "swap " + limits.swap(),
              unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
              Long.toString(value)));
    }
  }

  private static void cpu(boolean unified, Resources limits, List<CgroupSetting> to) {
    String option = "cpus " + limits.cpus();
    long quota = Math.max(1000, Math.round(limits.cpus() * PERIOD_MICROS));
    if (unified) {
      to.add(new CgroupSetting(Controller.CPU, option, "cpu.max", quota + " " + PERIOD_MICROS));
    } else {
      String period = Integer.toString(PERIOD_MICROS);
      to.add(new CgroupSetting(Controller.CPU, option, "cpu.cfs_period_us", period));
      to.add(new CgroupSetting(Controller.CPU, option, "cpu.cfs_quota_us", Long.toString(quota)));
    }
  }

  private static void io(
      boolean unified, Resources limits, Supplier<String> disk, List<CgroupSetting> to) {
    if (limits.ioWeight() > 0) {
      String option = "ioWeight " + limits.ioWeight();
      // The first version's scale ends at 1000 and has no less than 10.
      long old = Math.max(10, Math.min(1000, limits.ioWeight()));
      to.add(
          unified
              ? new CgroupSetting(
                  Controller.IO, option, "io.weight", "default " + limits.ioWeight())
              : new CgroupSetting(Controller.IO, option, "blkio.weight", Long.toString(old)));
    }
    bps(unified, "readBps ", limits.readBps(), "rbps", "blkio.throttle.read_bps_device", disk, to);
    bps(
        unified,
        "writeBps ",
        limits.writeBps(),
        "wbps",
        "blkio.throttle.write_bps_device",
        disk,
        to);
  }

  private static void bps(
      boolean unified,
      String option,
      long bytes,
      String key,
      String old,
      Supplier<String> disk,
      List<CgroupSetting> to) {
    if (bytes > 0) {
      String value = disk.get() + (unified ? " " + key + "=" + bytes : " " + bytes);
      String file = unified ? "io.max" : old;
      to.add(new CgroupSetting(Controller.IO, option + bytes, file, value));
    }
  }
}
