package dev.cooper;

final class Placeholder {}
