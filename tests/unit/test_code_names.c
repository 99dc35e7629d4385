/// Classes of functions by their names.
#include "code_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *function, *scope, *plain;
} names[] = {
    { "rtc::Channel::send(...)", "rtc::Channel", "rtc::Channel::send" },
    { "rtc::Channel::send()", "rtc::Channel", "rtc::Channel::send" },
    { "main", "", "main" },
    { "juice_create", "", "juice_create" },
    { "f(...)", "", "f" },
    { "rtc::Cleanup()", "rtc", "rtc::Cleanup" },
    { "rtc::impl::Init::token()::{lambda()#1}::operator()()", "rtc::impl::Init",
            "rtc::impl::Init::token()::{lambda()#1}::operator()" },
    { "{lambda(int)#1}::operator()(...)", "", "{lambda(int)#1}::operator()" },
    { "rtc::Queue<std::pair<int, rtc::X> >::push(...)", "rtc::Queue<std::pair<int, rtc::X> >",
            "rtc::Queue<std::pair<int, rtc::X> >::push" },
    { "A::operator<(...)", "A", "A::operator<" },
    { "A::operator->()", "A", "A::operator->" },
    { "A::operator()(...)", "A", "A::operator()" },
    { "A<(B)1>::f(...)", "A<(B)1>", "A<(B)1>::f" },
    { "A::operators::f()", "A::operators", "A::operators::f" },
    { "(anonymous namespace)::Helper::run()", "(anonymous namespace)::Helper",
            "(anonymous namespace)::Helper::run" },
    { "A::f<decltype (x->y)>(...)", "A", "A::f<decltype (x->y)>" },
    // Not names at all: nothing goes out of bounds.
    { "", "", "" },
    { "::", "", "::" },
    { "a::", "", "a::" },
    { "f(<", "", "f(<" },
    { ">>)", "", ">>)" },
    { "(", "", "(" },
    { "operator", "", "operator" },
};

static void class_and_plain_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct str function = str_from(names[i].function);
        if (!str_equal(code_name_class(function), str_from(names[i].scope)) ||
                !str_equal(code_name_plain(function), str_from(names[i].plain)))
            fail_msg("%s: class '%.*s', plain '%.*s'", names[i].function,
                    STR_ARG(code_name_class(function)), STR_ARG(code_name_plain(function)));
    }
}

static void globs_name_functions_with_or_without_their_parameters(void **state) {
    (void)state;
    struct str function = STR("rtc::Channel::send(...)");
    assert_true(code_name_matches(function, STR("rtc::Channel::send")));
    assert_true(code_name_matches(function, STR("rtc::Channel::send(...)")));
    assert_true(code_name_matches(function, STR("rtc::*::send")));
    assert_false(code_name_matches(function, STR("rtc::Channel::sen")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_and_plain_name),
        cmocka_unit_test(globs_name_functions_with_or_without_their_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
