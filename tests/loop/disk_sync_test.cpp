// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <optional>

#include "gateway/loop/disk_sync.h"

using namespace gatehouse;
using namespace gatehouse::loop;

namespace {

Fd file_without_name() {
    std::string path = "/tmp/gatehouse-sync-XXXXXX";
    Fd file(::mkstemp(path.data()));
    BOOST_REQUIRE(::unlink(path.c_str()) == 0);
    return file;
}

struct Fixture {
    std::unique_ptr<Loop> loop = std::move(*Loop::make());
    Fd file = file_without_name();
    DiskSync disk{*loop};
    std::optional<bool> kept;

    bool start(int fd) {
        return disk.start(fd, [this](bool yes) { kept = yes; });
    }
    void wait() {
        for (int i = 0; i < 100 && !kept; ++i)
            BOOST_REQUIRE(loop->turn(100ms));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(disk_sync, Fixture)

BOOST_AUTO_TEST_CASE(the_end_is_told_every_time) {
    for (int i = 0; i < 3; ++i) {
        kept.reset();
        BOOST_REQUIRE(::write(file.get(), "text", 4) == 4);
        BOOST_TEST(start(file.get()));
        wait();
        BOOST_TEST(kept.value_or(false));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_of_a_disk_is_not_kept) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe(ends.data()) == 0);
    const Fd reads(ends[0]), writes(ends[1]);
    for (const int fd : {writes.get(), -1}) {
        kept.reset();
        BOOST_TEST(start(fd));
        wait();
        BOOST_TEST(!kept.value_or(true));
    }
}

BOOST_AUTO_TEST_CASE(there_is_one_at_a_time_and_its_end_may_begin_the_next) {
    bool second = false;
    BOOST_TEST(disk.start(file.get(), [&](bool) { second = start(file.get()); }));
    // Where the kernel does it beside, this comes while it does.
    const bool meanwhile = second || !disk.start(file.get(), [](bool) {});
    BOOST_TEST(meanwhile);
    wait();
    BOOST_TEST(second);
    BOOST_TEST(kept.value_or(false));
}

BOOST_AUTO_TEST_CASE(the_file_may_be_closed_and_the_owner_go_meanwhile) {
    {
        DiskSync other(*loop);
        BOOST_TEST(other.start(file.get(), [this](bool) { kept = true; }));
        file = {};
    }
    const bool was_told = kept.has_value();
    BOOST_REQUIRE(loop->turn(10ms));
    BOOST_TEST(kept.has_value() == was_told);
}

BOOST_AUTO_TEST_SUITE_END()
