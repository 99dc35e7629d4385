#ifndef TASK_H
#define TASK_H

static inline void vTaskSuspendAll(void) {}

static inline BaseType_t xTaskResumeAll(void) {
    return 0;
}

#endif
