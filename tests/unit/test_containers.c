/// Containers by the frames between a request and its owner, and what the table of them adds up.
#include "model_fixture.h"

#include "container_table.h"
#include "containers.h"

static struct container container_in(const char *const *names, size_t owner) {
    static struct frame frames[16];
    static struct owner_frame list[16];
    size_t count = 0;
    for (; count < 16 && names[count] != NULL; count++) {
        frames[count] = (struct frame){ .function = str_from(names[count]) };
        list[count] = (struct owner_frame){ .frame = &frames[count], .outer = &frames[count] };
    }
    return container_of(list, count, owner);
}

static const struct {
    const char *names[8]; ///< Innermost first; the last one owns.
    const char *type, *full, *owner;
} cases[] = {
    { { "std::allocator_traits<A>::allocate(...)", "std::_Deque_base<int, A>::_M_allocate_node()",
              "std::deque<int, A>::push_back(...)", "rtc::impl::ThreadPool::schedule(...)" },
            "std::deque", "std::deque<int, A>", "rtc::impl::ThreadPool" },
    { { "std::_Rb_tree<int, P, std::_Select1st<P>, L>::_M_get_node()",
              "std::map<int, T>::operator[](...)", "app::Store::add(...)" },
            "std::map", "std::map<int, T>", "app::Store" },
    { { "std::_Rb_tree<int, int, std::_Identity<int>, L>::_M_get_node()",
              "std::set<int>::insert(...)", "f()" },
            "std::set", "std::set<int>", "f" },
    // The frame of what people wrote may be missing: parameters tell.
    { { "std::_Rb_tree<int, int, std::_Identity<int>, L>::_M_get_node()", "f(...)" }, "std::set",
            "std::_Rb_tree<int, int, std::_Identity<int>, L>", "f" },
    { { "std::__detail::_Hashtable_alloc<A>::_M_allocate_node(...)",
              "std::unordered_set<int>::insert(...)", "f(...)" },
            "std::unordered_set", "std::unordered_set<int>", "f" },
    // A string inside of a vector is the string's.
    { { "std::__cxx11::basic_string<char>::_M_create(...)",
              "std::__cxx11::basic_string<char>::basic_string(...)",
              "std::vector<std::string>::push_back(...)", "A::f()" },
            "std::string", "std::__cxx11::basic_string<char>", "A" },
    { { "std::vector<T>::_M_realloc_insert(...)", "std::_Deque_base<int>::f()", "A::f()" },
            "std::vector", "std::vector<T>", "A" },
    { { "std::__shared_count<1>::__shared_count(...)", "std::__shared_ptr<T>::__shared_ptr(...)",
              "std::make_shared<T>(...)", "A::f()" },
            "std::shared_ptr", "std::make_shared<T>", "A" },
    { { "std::__shared_count<1>::__shared_count(...)", "std::make_shared<S>()",
              "std::promise<int>::promise()", "A::f()" },
            "std::future", "std::promise<int>", "A" },
    { { "std::_Function_base::_Base_manager<F>::_M_create(...)",
              "std::function<void ()>::function(...)", "A::f()" },
            "std::function", "std::function<void ()>", "A" },
    { { "std::thread::thread(...)", "A::f()" }, "std::thread", "std::thread", "A" },
    // libc++ has its names in an inner namespace.
    { { "std::__1::vector<int>::push_back(...)", "A::f()" }, "std::vector", "std::__1::vector<int>",
            "A" },
    { { "std::allocator<int>::allocate(...)", "A::f()" }, "", "", "A" },
    { { "strdup", "A::f()" }, "", "", "A" },
    { { "A::f()" }, "", "", "A" },
    { { "vector<int>::push_back(...)", "A::f()" }, "", "", "A" },
};

static void the_innermost_container_names_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t owner = 0;
        while (cases[i].names[owner + 1] != NULL)
            owner++;
        struct container c = container_in(cases[i].names, owner);
        if (!str_equal(c.type, str_from(cases[i].type)) ||
                !str_equal(c.owner, str_from(cases[i].owner)) ||
                (c.type.len != 0 && !str_equal(c.full, str_from(cases[i].full))))
            fail_msg("%s: '%.*s' '%.*s' in '%.*s'", cases[i].names[0], STR_ARG(c.type),
                    STR_ARG(c.full), STR_ARG(c.owner));
    }
}

static void globs_name_types_with_or_without_parameters(void **state) {
    (void)state;
    struct container c = container_in(cases[0].names, 3);
    assert_true(container_matches(&c, STR("std::deque")));
    assert_true(container_matches(&c, STR("std::deque<int, *")));
    assert_true(container_matches(&c, STR("std::*")));
    assert_false(container_matches(&c, STR("std::map*")));
    c = container_in(cases[12].names, 1);
    assert_false(container_matches(&c, STR("*")));
}

/// No stack of the fixture has a container: what is wanted has rows of zeros.
static void what_is_asked_for_has_a_row_of_zeros(void **state) {
    (void)state;
    struct model m;
    struct container_table t;
    static struct str types[] = { { "std::map", 8 }, { "std::vector", 11 } };
    const struct estimate_holder wanted[] = { { STR("Track"), types, 2 },
        { STR("Init"), types, 1 } };
    model_begin(&m);
    container_table_init(&t, &m.arena, &m.owners);
    struct block b = { .size = 10, .stack = BY_ALPHA };
    container_table_born(&t, &b);
    container_table_checkpoint(&t);
    container_table_gone(&t, &b);
    b.stack = 12345; // not known
    container_table_born(&t, &b);
    container_table_checkpoint(&t);
    container_table_finish(&t, wanted, 2);
    assert_int_equal(t.rows.len, 3);
    assert_int_equal(t.checkpoint_count, 2);
    assert_true(str_equal(t.rows.at[0].owner, STR("Init")));
    assert_true(str_equal(t.rows.at[2].type, STR("std::vector")));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(t.rows.at[i].peak.bytes + t.rows.at[i].at[1].bytes, 0);
    model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_innermost_container_names_it),
        cmocka_unit_test(globs_name_types_with_or_without_parameters),
        cmocka_unit_test(what_is_asked_for_has_a_row_of_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
