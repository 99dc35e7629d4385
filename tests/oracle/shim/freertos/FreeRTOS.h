/// What heap_4.c and heap_5.c want of a kernel: nothing runs beside them.
#ifndef FREERTOS_H
#define FREERTOS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef long BaseType_t;
typedef size_t portPOINTER_SIZE_TYPE;

typedef struct HeapRegion {
    uint8_t *pucStartAddress;
    size_t xSizeInBytes;
} HeapRegion_t;

typedef struct xHeapStats {
    size_t xAvailableHeapSpaceInBytes;
    size_t xSizeOfLargestFreeBlockInBytes;
    size_t xSizeOfSmallestFreeBlockInBytes;
    size_t xNumberOfFreeBlocks;
    size_t xMinimumEverFreeBytesRemaining;
    size_t xNumberOfSuccessfulAllocations;
    size_t xNumberOfSuccessfulFrees;
} HeapStats_t;

#ifndef portBYTE_ALIGNMENT
#    define portBYTE_ALIGNMENT 8
#endif
#define portBYTE_ALIGNMENT_MASK          (portBYTE_ALIGNMENT - 1)
#define portMAX_DELAY                    0xffffffffUL
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configAPPLICATION_ALLOCATED_HEAP 1
#define configENABLE_HEAP_PROTECTOR      0
#define configUSE_MALLOC_FAILED_HOOK     0
#ifndef configTOTAL_HEAP_SIZE
#    define configTOTAL_HEAP_SIZE 65536
#endif
#define configASSERT(holds) assert(holds)
#define PRIVILEGED_DATA
#define PRIVILEGED_FUNCTION
#define mtCOVERAGE_TEST_MARKER()
#define traceMALLOC(p, size)
#define traceFREE(p, size)
#define taskENTER_CRITICAL()
#define taskEXIT_CRITICAL()

void *pvPortMalloc(size_t size);
void vPortFree(void *p);
size_t xPortGetFreeHeapSize(void);
size_t xPortGetMinimumEverFreeHeapSize(void);
void vPortDefineHeapRegions(const HeapRegion_t *regions);
void vPortGetHeapStats(HeapStats_t *stats);
void vPortHeapResetState(void);

#endif
