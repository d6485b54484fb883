/* A stand-in for the NVIDIA driver's management library, so that the real binding (nvidia-ml-py) runs on machines
 * without a GPU. It has two GPUs and only the calls that tidelog makes.
 *
 * Build: cc -shared -fPIC -Wl,-soname,libnvidia-ml.so.1 -o libnvidia-ml.so.1 fake_nvml.c
 * Load:  LD_LIBRARY_PATH=<its folder>, set before the process starts.
 *
 * FAKE_NVML_FAULTS names a file that is read again at each call, so that a test can break a GPU while it is watched.
 * One fault a line: "<gpu> <call> <code>", with the call's name without "nvmlDeviceGet", or "*" for every call.
 * FAKE_NVML_INIT is the code that nvmlInit returns (9: driver not loaded, 18: driver and library differ).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GPUS 2
#define NVML_SUCCESS 0
#define NVML_ERROR_UNINITIALIZED 1
#define NVML_ERROR_INVALID_ARGUMENT 2

typedef struct { unsigned int index; } gpu_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } utilization_t;

static gpu_t gpus[GPUS] = {{0}, {1}};
static int ready = 0;

static int fault(unsigned int index, const char *call) {
    const char *path = getenv("FAKE_NVML_FAULTS");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned int gpu;
    char name[64];
    int code, found = NVML_SUCCESS;
    if (!ready) return NVML_ERROR_UNINITIALIZED;
    if (!file) return NVML_SUCCESS;
    while (fscanf(file, "%u %63s %d", &gpu, name, &code) == 3)
        if (gpu == index && (!strcmp(name, call) || !strcmp(name, "*"))) found = code;
    fclose(file);
    return found;
}

#define FAIL_IF_FAULTY(index, call) do { int code = fault(index, call); if (code) return code; } while (0)

int nvmlInitWithFlags(unsigned int flags) {
    const char *code = getenv("FAKE_NVML_INIT");
    (void)flags;
    if (code && atoi(code)) return atoi(code);
    ready = 1;
    return NVML_SUCCESS;
}

int nvmlShutdown(void) { ready = 0; return NVML_SUCCESS; }

const char *nvmlErrorString(int code) { (void)code; return "an error that the test asked for"; }

int nvmlDeviceGetCount_v2(unsigned int *count) { *count = GPUS; return NVML_SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, gpu_t **gpu) {
    if (index >= GPUS) return NVML_ERROR_INVALID_ARGUMENT;
    FAIL_IF_FAULTY(index, "HandleByIndex");
    *gpu = &gpus[index];
    return NVML_SUCCESS;
}

int nvmlDeviceGetName(gpu_t *gpu, char *name, unsigned int length) {
    FAIL_IF_FAULTY(gpu->index, "Name");
    snprintf(name, length, "Stand-in GPU %u", gpu->index);
    return NVML_SUCCESS;
}

int nvmlDeviceGetUUID(gpu_t *gpu, char *uuid, unsigned int length) {
    FAIL_IF_FAULTY(gpu->index, "UUID");
    snprintf(uuid, length, "GPU-%u0000000-0000-4000-8000-000000000000", gpu->index);
    return NVML_SUCCESS;
}

int nvmlDeviceGetUtilizationRates(gpu_t *gpu, utilization_t *rates) {
    FAIL_IF_FAULTY(gpu->index, "UtilizationRates");
    rates->gpu = 50 + gpu->index;
    rates->memory = 20;
    return NVML_SUCCESS;
}

int nvmlDeviceGetMemoryInfo(gpu_t *gpu, memory_t *memory) {
    FAIL_IF_FAULTY(gpu->index, "MemoryInfo");
    memory->total = 80ULL << 30;
    memory->used = (8ULL + gpu->index) << 30;
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
