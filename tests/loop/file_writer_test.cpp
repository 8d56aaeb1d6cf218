// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <optional>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/loop/file_writer.h"

using namespace gatehouse;
using namespace gatehouse::loop;

namespace {

namespace data = boost::unit_test::data;

// Whether a process of its own writes.
constexpr std::array kBeside{false, true};

struct Fixture {
    std::string folder = make_folder();
    Fd keep{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    std::unique_ptr<Loop> loop = std::move(*Loop::make());
    std::optional<FileWriter> writer{std::in_place, *loop};
    std::vector<std::string> told;  // "file: whole" or "file: reason"
    std::vector<std::string> ended;

    ~Fixture() { std::filesystem::remove_all(folder); }

    static std::string make_folder() {
        std::string path = "/tmp/gatehouse-writer-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(path.data()) != nullptr);
        return path;
    }
    void start(
        bool beside, const std::function<void()>& first = [] {}) {
        writer->on_end([this] { ended.emplace_back("ended"); });
        if (beside) BOOST_REQUIRE(writer->start(keep.get(), first));
    }
    std::string path(const std::string& name) const { return folder + "/" + name; }
    WrittenFile file(const std::string& name, const Replacing& how = {}) {
        return {*writer, path(name), how, [this, name](const Status& status) {
                    told.push_back(name + ": " + (status ? "whole" : status.error().text));
                }};
    }
    std::string text_of(const std::string& name) const {
        return read_file(path(name), 64UL << 20U).value_or("none");
    }
    // Until so much was told.
    void wait(std::size_t count) {
        for (int i = 0; i < 500 && told.size() < count; ++i)
            BOOST_REQUIRE(loop->turn(20ms));
        BOOST_TEST(told.size() == count);
    }
    void finish() { BOOST_TEST(writer->finish(20s).ok()); }
};

mode_t mode_of(const std::string& path) {
    struct stat info {};
    BOOST_REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777U;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(file_writer, Fixture)

BOOST_DATA_TEST_CASE_F(Fixture, what_was_handed_over_is_there_at_the_end, data::make(kBeside),
                       beside) {
    start(beside);
    WrittenFile one = file("one", {.mode = 0600, .durable = true});
    WrittenFile two = file("two", {.mode = 0644});
    one.replace("first\n");
    one.append("second\n");
    two.replace("another\n");
    one.append("");
    one.append("third\n");
    finish();
    BOOST_TEST(text_of("one") == "first\nsecond\nthird\n");
    BOOST_TEST(text_of("two") == "another\n");
    BOOST_TEST(mode_of(path("one")) == 0600U);
    BOOST_TEST(mode_of(path("two")) == 0644U);
    BOOST_TEST(told == (std::vector<std::string>{"one: whole", "two: whole"}),
               boost::test_tools::per_element());
    BOOST_TEST(ended.empty());
    one.append("too late\n");
    BOOST_TEST(text_of("one") == "first\nsecond\nthird\n");
}

BOOST_DATA_TEST_CASE_F(Fixture, a_failure_is_told_with_its_reason_and_the_next_replacement_mends_it,
                       data::make(kBeside), beside) {
    start(beside);
    WrittenFile lost = file("sub/lost");
    lost.append("x");
    lost.replace("y");
    lost.append("z");
    wait(3);
    BOOST_TEST(told[0] == "sub/lost: a file that was never written");
    BOOST_TEST(told[1] ==
               concat("sub/lost: ", folder, "/sub/.lost.new: No such file or directory"));
    BOOST_TEST(told[2] == concat("sub/lost: ", folder, "/sub/lost: not written before"));
    std::filesystem::create_directory(path("sub"));
    lost.replace("whole\n");
    lost.append("more\n");
    wait(4);
    finish();
    BOOST_TEST(told[3] == "sub/lost: whole");
    BOOST_TEST(text_of("sub/lost") == "whole\nmore\n");
}

BOOST_DATA_TEST_CASE_F(Fixture, what_a_full_disk_took_of_a_line_is_taken_back, data::make(kBeside),
                       beside) {
    const auto fill_disk = [] {
        const rlimit limit{10, RLIM_INFINITY};
        (void)::signal(SIGXFSZ, SIG_IGN);
        (void)::setrlimit(RLIMIT_FSIZE, &limit);
    };
    start(beside, fill_disk);
    WrittenFile journal = file("journal");
    if (!beside) fill_disk();
    journal.replace("12345\n");
    journal.append("too long\n");
    journal.append("678\n");
    wait(2);
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
    BOOST_TEST(told[1] == concat("journal: ", folder, "/journal: File too large"));
    finish();
    BOOST_TEST(text_of("journal") == "12345\n678\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_longer_kept_hears_nothing) {
    start(true);
    {
        WrittenFile gone = file("sub/gone");
        gone.replace("text");
    }
    WrittenFile other = file("other");
    other.replace("text");
    wait(1);
    BOOST_TEST(told.front() == "other: whole");
}

// More than the socket holds waits in the daemon, and of what waits the newest replacement counts.
BOOST_AUTO_TEST_CASE(a_disk_that_is_slow_stops_nobody_and_loses_nothing) {
    const std::string gate = path("gate");
    BOOST_REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    start(true, [gate] { Fd waits(::open(gate.c_str(), O_RDONLY)); });
    WrittenFile large = file("large");
    WrittenFile small = file("small");
    const std::string text(1UL << 20U, 'x');
    for (int i = 0; i < 20; ++i) {
        large.replace(text);
        large.append(concat(i, "\n"));
        small.append("before\n");
        small.replace(concat("all ", i, "\n"));
        small.append("more\n");
    }
    const std::string line(1UL << 20U, 'y');
    constexpr std::size_t kLines = 40;
    for (std::size_t i = 0; i < kLines; ++i)
        small.append(line);
    BOOST_REQUIRE(loop->turn(10ms));
    BOOST_TEST(text_of("small") == "none");
    const std::size_t refused = told.size();
    BOOST_TEST((refused > 10 && refused < kLines));
    for (const std::string& one : told)
        BOOST_TEST(one == "small: too much waits for the disk");
    const Fd opens(::open(gate.c_str(), O_WRONLY));
    finish();
    BOOST_TEST((text_of("large") == text + "19\n"));
    const std::string begin = "all 19\nmore\n";
    BOOST_TEST(text_of("small").substr(0, begin.size()) == begin);
    BOOST_TEST(text_of("small").size() == begin.size() + (kLines - refused) * line.size());
}

// The folder stays locked as long, so that the next daemon reads all of it.
BOOST_AUTO_TEST_CASE(what_a_daemon_that_dies_has_handed_over_is_written) {
    const std::string gate = path("gate");
    BOOST_REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    BOOST_REQUIRE(::flock(keep.get(), LOCK_EX) == 0);
    start(true, [gate] { Fd waits(::open(gate.c_str(), O_RDONLY)); });
    {
        WrittenFile journal = file("journal");
        journal.replace("all\n");
        for (int i = 0; i < 1000; ++i)
            journal.append("line\n");
    }
    writer.reset();
    keep = {};
    const Fd next(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
    BOOST_TEST(::flock(next.get(), LOCK_EX | LOCK_NB) != 0);
    const Fd opens(::open(gate.c_str(), O_WRONLY));
    BOOST_TEST(::flock(next.get(), LOCK_EX) == 0);
    BOOST_TEST(text_of("journal").size() == 4U + 5000U);
}

BOOST_AUTO_TEST_CASE(where_the_process_ends_all_is_to_be_written_anew_and_the_daemon_does_it) {
    start(true);
    WrittenFile one = file("one");
    WrittenFile two = file("two");
    one.replace("before\n");
    wait(1);
    BOOST_REQUIRE(::kill(writer->process(), SIGKILL) == 0);
    wait(3);
    BOOST_TEST(ended.size() == 1U);
    BOOST_TEST(told[1] == "one: the process that writes files has ended");
    BOOST_TEST(told[2] == "two: the process that writes files has ended");
    one.replace("after\n");
    one.append("more\n");
    two.replace("too\n");
    BOOST_TEST(text_of("one") == "after\nmore\n");
    BOOST_TEST(text_of("two") == "too\n");
    finish();
}

BOOST_AUTO_TEST_CASE(signals_that_end_a_daemon_do_not_end_it) {
    start(true);
    WrittenFile one = file("one");
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        BOOST_REQUIRE(::kill(writer->process(), signal) == 0);
    one.replace("text\n");
    wait(1);
    BOOST_TEST(told.front() == "one: whole");
    finish();
}

BOOST_AUTO_TEST_SUITE_END()
