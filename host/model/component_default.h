/// The built-in component map.
#ifndef RAMLENS_COMPONENT_DEFAULT_H
#define RAMLENS_COMPONENT_DEFAULT_H

/// Its text, in the grammar of component_map.h.
extern const char component_default_text[];

#endif
