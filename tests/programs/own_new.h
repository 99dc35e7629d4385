// How often the operators of own_new.cpp were called.
#ifndef OWN_NEW_H
#define OWN_NEW_H

#include "ramlens.h"

struct Counts {
    int news, deletes;
};
extern Counts own_counts;

#endif
