/* A stand-in for the NVIDIA driver's management library, so that the real binding (nvidia-ml-py) runs on machines
 * without a GPU. It has only the calls that tidelog makes.
 *
 * Build: cc -shared -fPIC -Wl,-soname,libnvidia-ml.so.1 -o libnvidia-ml.so.1 fake_nvml.c
 * Load:  LD_LIBRARY_PATH=<its folder>, set before the process starts.
 *
 * FAKE_NVML_FAULTS names a file that is read again at each call, so that a test can break a GPU while it is watched.
 * One fault a line: "<gpu> <call> <code>", with the call's name without "nvmlDeviceGet", or "*" for every call. A call
 * with "=" behind it sets what it returns instead of a fault: "0 UtilizationRates= 3" makes GPU 0 nearly idle.
 * FAKE_NVML_INIT is the code that nvmlInit returns (9: driver not loaded, 18: driver and library differ).
 * FAKE_NVML_GPUS is how many GPUs there are (2). Those in FAKE_NVML_MIG ("0,1") are divided into two MIG devices.
 * FAKE_NVML_PCIE_MS is how long a question for PCIe throughput takes (0; a driver takes 20).
 * The process that asks runs on GPU 0, and number 4194304, which no process has, on every GPU.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_GPUS 16
#define PARTS 2
#define NVML_SUCCESS 0
#define NVML_ERROR_UNINITIALIZED 1
#define NVML_ERROR_INVALID_ARGUMENT 2
#define NVML_ERROR_NOT_SUPPORTED 3
#define NVML_ERROR_NOT_FOUND 6
#define NVML_ERROR_INSUFFICIENT_SIZE 7

typedef struct { unsigned int index; int part; } gpu_t; /* part: -1 is the whole card */
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned int pid; unsigned long long memory; unsigned int instance, compute; } process_t;

static gpu_t gpus[MOST_GPUS], parts[MOST_GPUS][PARTS];
static int ready = 0;

static unsigned int gpu_count(void) {
    const char *count = getenv("FAKE_NVML_GPUS");
    return count ? (unsigned int)atoi(count) : 2;
}

static int is_divided(unsigned int index) {
    const char *list = getenv("FAKE_NVML_MIG");
    while (list && *list) {
        if ((unsigned int)atoi(list) == index) return 1;
        list = strchr(list, ',');
        if (list) list++;
    }
    return 0;
}

/* The last line of the faults file for this GPU and this name, or what it is without one. */
static int told(unsigned int index, const char *wanted, int otherwise) {
    const char *path = getenv("FAKE_NVML_FAULTS");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned int gpu;
    char name[64];
    int number, found = otherwise, is_fault = wanted[strlen(wanted) - 1] != '=';
    if (!file) return otherwise;
    while (fscanf(file, "%u %63s %d", &gpu, name, &number) == 3)
        if (gpu == index && (!strcmp(name, wanted) || (is_fault && !strcmp(name, "*")))) found = number;
    fclose(file);
    return found;
}

static int fault(unsigned int index, const char *call) {
    return ready ? told(index, call, NVML_SUCCESS) : NVML_ERROR_UNINITIALIZED;
}

#define FAIL_IF_FAULTY(index, call) do { int code = fault(index, call); if (code) return code; } while (0)

int nvmlInitWithFlags(unsigned int flags) {
    const char *code = getenv("FAKE_NVML_INIT");
    (void)flags;
    if (code && atoi(code)) return atoi(code);
    for (unsigned int index = 0; index < MOST_GPUS; index++) {
        gpus[index] = (gpu_t){index, -1};
        for (int part = 0; part < PARTS; part++) parts[index][part] = (gpu_t){index, part};
    }
    ready = 1;
    return NVML_SUCCESS;
}

int nvmlShutdown(void) { ready = 0; return NVML_SUCCESS; }

const char *nvmlErrorString(int code) { (void)code; return "an error that the test asked for"; }

int nvmlDeviceGetCount_v2(unsigned int *count) { *count = gpu_count(); return NVML_SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, gpu_t **gpu) {
    if (index >= gpu_count()) return NVML_ERROR_INVALID_ARGUMENT;
    FAIL_IF_FAULTY(index, "HandleByIndex");
    *gpu = &gpus[index];
    return NVML_SUCCESS;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, gpu_t **gpu) {
    unsigned int index;
    if (sscanf(uuid, "GPU-%u0000000-", &index) != 1) return NVML_ERROR_NOT_FOUND;
    index /= 10000000;
    if (index >= gpu_count()) return NVML_ERROR_NOT_FOUND;
    FAIL_IF_FAULTY(index, "HandleByUUID");
    *gpu = &gpus[index];
    return NVML_SUCCESS;
}

int nvmlDeviceGetName(gpu_t *gpu, char *name, unsigned int length) {
    FAIL_IF_FAULTY(gpu->index, "Name");
    if (gpu->part < 0) snprintf(name, length, "Stand-in GPU %u", gpu->index);
    else snprintf(name, length, "Stand-in GPU %u MIG 3g.40gb", gpu->index);
    return NVML_SUCCESS;
}

int nvmlDeviceGetUUID(gpu_t *gpu, char *uuid, unsigned int length) {
    FAIL_IF_FAULTY(gpu->index, "UUID");
    if (gpu->part < 0) snprintf(uuid, length, "GPU-%u0000000-0000-4000-8000-000000000000", gpu->index);
    else snprintf(uuid, length, "MIG-%u%d000000-0000-4000-8000-000000000000", gpu->index, gpu->part);
    return NVML_SUCCESS;
}

int nvmlDeviceGetMigMode(gpu_t *gpu, unsigned int *current, unsigned int *pending) {
    FAIL_IF_FAULTY(gpu->index, "MigMode");
    *current = *pending = is_divided(gpu->index);
    return NVML_SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(gpu_t *gpu, unsigned int *count) {
    FAIL_IF_FAULTY(gpu->index, "MaxMigDeviceCount");
    *count = 7;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(gpu_t *gpu, unsigned int number, gpu_t **part) {
    FAIL_IF_FAULTY(gpu->index, "MigDeviceHandleByIndex");
    if (!is_divided(gpu->index) || number >= PARTS) return NVML_ERROR_NOT_FOUND;
    *part = &parts[gpu->index][number];
    return NVML_SUCCESS;
}

int nvmlDeviceGetUtilizationRates(gpu_t *gpu, utilization_t *rates) {
    FAIL_IF_FAULTY(gpu->index, "UtilizationRates");
    if (is_divided(gpu->index)) return NVML_ERROR_NOT_SUPPORTED;
    rates->gpu = told(gpu->index, "UtilizationRates=", 50 + gpu->index);
    rates->memory = 20;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMemoryInfo(gpu_t *gpu, memory_t *memory) {
    FAIL_IF_FAULTY(gpu->index, "MemoryInfo");
    memory->total = (gpu->part < 0 ? 80ULL : 40ULL) << 30;
    memory->used = (8ULL + gpu->index + gpu->part + 1) << 30;
    memory->free = memory->total - memory->used;
    return NVML_SUCCESS;
}

int nvmlDeviceGetTemperature(gpu_t *gpu, int sensor, unsigned int *celsius) {
    FAIL_IF_FAULTY(gpu->index, "Temperature");
    if (sensor != 0) return NVML_ERROR_INVALID_ARGUMENT;
    *celsius = 60 + gpu->index;
    return NVML_SUCCESS;
}

int nvmlDeviceGetPowerUsage(gpu_t *gpu, unsigned int *milliwatts) {
    FAIL_IF_FAULTY(gpu->index, "PowerUsage");
    *milliwatts = 250500 + 1000 * gpu->index;
    return NVML_SUCCESS;
}

int nvmlDeviceGetEnforcedPowerLimit(gpu_t *gpu, unsigned int *milliwatts) {
    FAIL_IF_FAULTY(gpu->index, "EnforcedPowerLimit");
    *milliwatts = 700000;
    return NVML_SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(gpu_t *gpu, unsigned long long *millijoules) {
    struct timespec now;
    FAIL_IF_FAULTY(gpu->index, "TotalEnergyConsumption");
    clock_gettime(CLOCK_MONOTONIC, &now);
    *millijoules = 3600000ULL * now.tv_sec + now.tv_nsec * 36ULL / 10000; /* 3.6 kW: 1 kWh in 1,000 s */
    return NVML_SUCCESS;
}

int nvmlDeviceGetClockInfo(gpu_t *gpu, int kind, unsigned int *mhz) {
    FAIL_IF_FAULTY(gpu->index, "ClockInfo");
    *mhz = kind == 2 ? 2600 : 1500 + gpu->index;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMaxClockInfo(gpu_t *gpu, int kind, unsigned int *mhz) {
    FAIL_IF_FAULTY(gpu->index, "MaxClockInfo");
    *mhz = kind == 2 ? 2619 : 1980;
    return NVML_SUCCESS;
}

int nvmlDeviceGetFanSpeed(gpu_t *gpu, unsigned int *percent) {
    FAIL_IF_FAULTY(gpu->index, "FanSpeed");
    *percent = 40;
    return NVML_SUCCESS;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(gpu_t *gpu, unsigned long long *reasons) {
    FAIL_IF_FAULTY(gpu->index, "CurrentClocksThrottleReasons");
    *reasons = told(gpu->index, "CurrentClocksThrottleReasons=", 4); /* the power cap */
    return NVML_SUCCESS;
}

int nvmlDeviceGetEncoderUtilization(gpu_t *gpu, unsigned int *percent, unsigned int *period_us) {
    FAIL_IF_FAULTY(gpu->index, "EncoderUtilization");
    *percent = 1;
    *period_us = 1000;
    return NVML_SUCCESS;
}

int nvmlDeviceGetDecoderUtilization(gpu_t *gpu, unsigned int *percent, unsigned int *period_us) {
    FAIL_IF_FAULTY(gpu->index, "DecoderUtilization");
    *percent = 2;
    *period_us = 1000;
    return NVML_SUCCESS;
}

int nvmlDeviceGetPcieThroughput(gpu_t *gpu, int direction, unsigned int *kb_per_s) {
    const char *ms = getenv("FAKE_NVML_PCIE_MS");
    FAIL_IF_FAULTY(gpu->index, "PcieThroughput");
    if (ms) usleep(1000 * atoi(ms));
    *kb_per_s = direction ? 2048 : 1024; /* 1: received by the GPU */
    return NVML_SUCCESS;
}

int nvmlDeviceGetTotalEccErrors(gpu_t *gpu, int kind, int since, unsigned long long *count) {
    FAIL_IF_FAULTY(gpu->index, "TotalEccErrors");
    if (since != 0) return NVML_ERROR_INVALID_ARGUMENT;
    *count = kind ? 0 : 3;
    return NVML_SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v3(gpu_t *gpu, unsigned int *count, process_t *processes) {
    process_t running[] = {{4194304, 2ULL << 30, ~0u, ~0u}, {(unsigned int)getpid(), 1ULL << 30, ~0u, ~0u}};
    unsigned int room = *count;
    FAIL_IF_FAULTY(gpu->index, "ComputeRunningProcesses");
    *count = gpu->index ? 1 : 2;
    if (!processes || room < *count) return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(processes, running, *count * sizeof *running);
    return NVML_SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses_v2(gpu_t *gpu, unsigned int *count, process_t *processes) {
    return nvmlDeviceGetComputeRunningProcesses_v3(gpu, count, processes);
}
