package dev.cooper.command;

/**
 * How a command ended and what it wrote.
 *
 * @param status its exit status; 128 and the signal's number if a signal ended it
 * @param out its standard output, in UTF-8
 * @param err its standard error, in UTF-8
 */
public record ExecResult(int status, String out, String err) {}
