/* The stand-in's own part: what an application brings besides libraries. It keeps the radio libraries' functions alive and has
   one of each kind of memory. Never runs: see README.md. */
#include <stdint.h>

#define IRAM     __attribute__((section(".iram1.app")))
#define DRAM     __attribute__((section(".dram1.app")))
#define EXT_RAM  __attribute__((section(".ext_ram.bss.app")))
#define NOINIT   __attribute__((section(".noinit.app")))
#define RTC_DATA __attribute__((section(".rtc.data.app")))

struct frame {
    uint8_t kind;
    uint32_t length; /* three bytes of padding before it */
    uint8_t bytes[57];
};

/* Stacks of tasks that the application places itself. */
static volatile uint8_t net_task_stack[4096] __attribute__((aligned(16)));
static volatile uint8_t audio_task_stack[8192] __attribute__((aligned(16)));

static volatile struct frame frames[32];
int common_counter[100] __attribute__((common));
static _Thread_local int thread_errors = 1;
static _Thread_local uint32_t thread_marks[16];
static const char greeting[] = "stand-in, never ran";
static DRAM const uint32_t table[64] = { 1, 2, 3 };
static EXT_RAM volatile uint8_t video[153600];
static NOINIT volatile uint32_t restarts;
static RTC_DATA volatile uint32_t wakeups = 1;
static volatile uint32_t calibration[24] = { 4, 5, 6 };

extern int esp_wifi_init_internal(const void *config);
extern int esp_wifi_start(void);
extern int esp_wifi_connect(void);
extern int esp_now_init(void);
extern int esp_mesh_init(void);
extern int esp_supplicant_init(void);
extern int esp_smartconfig_internal_start(void *config);

IRAM int app_interrupt(int number) {
    frames[number & 31].kind = (uint8_t)table[number & 63];
    return common_counter[number % 100]++;
}

const char *app_name(void) {
    return greeting;
}

int app_step(int n) {
    thread_marks[n & 15]++;
    net_task_stack[n & 4095] = audio_task_stack[n & 8191];
    video[n % 153600] = (uint8_t)restarts++;
    calibration[n % 24] += wakeups;
    return thread_errors++ + app_interrupt(n);
}

void call_start_cpu0(void) {
    int sum = esp_wifi_init_internal(greeting) + esp_wifi_start() + esp_wifi_connect();
    sum += esp_now_init() + esp_mesh_init() + esp_supplicant_init();
    sum += esp_smartconfig_internal_start((void *)(uintptr_t)frames);
    for (;;)
        sum += app_step(sum);
}
