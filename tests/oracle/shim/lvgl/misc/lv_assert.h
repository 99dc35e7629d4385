/// Everything is in ../lv_conf_internal.h.
