/* Usable cores, on file systems made for the purpose. */
#include "server/train/cores.h"

#include "tests/lib/tmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>

static char root[TMP_PATH_MAX];

static int setup(void **state)
{
    (void)state;
    tmp_make(root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tmp_remove(root);
    return 0;
}

static unsigned affinity(void)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    return (unsigned)CPU_COUNT(&set);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void without_cgroups_the_affinity_counts(void **state)
{
    (void)state;
    assert_int_equal(cores_usable(root), affinity());
}

static void one_core_of_affinity_is_one_core(void **state)
{
    cpu_set_t before, one;
    int first = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    unsigned cores = cores_usable(root);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(cores, 1);
}

static void a_v2_quota_limits_and_is_rounded_down_to_one_at_least(void **state)
{
    (void)state;
    tmp_write(root, "proc/self/cgroup", "0::/a/b\n");
    tmp_write(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    assert_int_equal(cores_usable(root), affinity());
    tmp_write(root, "sys/fs/cgroup/a/b/cpu.max", "199999 100000\n");
    assert_int_equal(cores_usable(root), 1);
    tmp_write(root, "sys/fs/cgroup/a/b/cpu.max", "25000 100000\n");
    assert_int_equal(cores_usable(root), 1);
    tmp_write(root, "sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    assert_int_equal(cores_usable(root), least(2, affinity()));
}

static void a_quota_of_a_group_above_counts_too(void **state)
{
    (void)state;
    tmp_write(root, "proc/self/cgroup", "0::/a/b\n");
    tmp_write(root, "sys/fs/cgroup/a/b/cpu.max", "900000 100000\n");
    tmp_write(root, "sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    assert_int_equal(cores_usable(root), 1);
}

static void a_container_whose_group_is_the_mount_is_limited(void **state)
{
    (void)state;
    tmp_write(root, "proc/self/cgroup", "0::/host/only/path\n");
    tmp_write(root, "sys/fs/cgroup/cpu.max", "100000 100000\n");
    assert_int_equal(cores_usable(root), 1);
}

static void a_v1_quota_limits(void **state)
{
    (void)state;
    tmp_write(root, "proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/a\n");
    tmp_write(root, "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
    tmp_write(root, "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cores_usable(root), affinity());
    tmp_write(root, "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n");
    assert_int_equal(cores_usable(root), 1);
}

static void nonsense_limits_nothing(void **state)
{
    static const char *const groups[] = {"",       "0\n",   "0:\n",   "0::\n",
                                         "0::x\n", ":::\n", "0::/\n", "2:cpuset:/a\n"};
    static const char *const quotas[] = {"",      "\n",          "100000\n",  "x y\n",
                                         "0 0\n", "-5 100000\n", "100000 0\n"};

    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (size_t q = 0; q < sizeof quotas / sizeof *quotas; q++) {
            tmp_write(root, "proc/self/cgroup", groups[g]);
            tmp_write(root, "sys/fs/cgroup/cpu.max", quotas[q]);
            tmp_write(root, "sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "1\n");
            tmp_write(root, "sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
            assert_int_equal(cores_usable(root), affinity());
        }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_cgroups_the_affinity_counts),
        TEST(one_core_of_affinity_is_one_core),
        TEST(a_v2_quota_limits_and_is_rounded_down_to_one_at_least),
        TEST(a_quota_of_a_group_above_counts_too),
        TEST(a_container_whose_group_is_the_mount_is_limited),
        TEST(a_v1_quota_limits),
        TEST(nonsense_limits_nothing),
    };

    return cmocka_run_group_tests_name("cores", tests, NULL, NULL);
}
