#pragma once
#include <stddef.h>
#include <stdint.h>

// libFuzzer's driver for programs that have a main of their own; no header of the toolchain declares it.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*feed)(const uint8_t *data, size_t size));
