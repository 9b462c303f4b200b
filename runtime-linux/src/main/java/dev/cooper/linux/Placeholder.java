package dev.cooper.linux;

final class Placeholder {}
