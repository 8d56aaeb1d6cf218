// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files as whole texts: what is there after a replacement, and that no link leads it astray.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>

#include "gateway/loop/files.h"

using namespace gatehouse;
using loop::Links;

namespace {

struct Folder {
    Folder() { BOOST_REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string operator/(const std::string& name) const { return path + "/" + name; }
    std::size_t files() const {
        const std::filesystem::directory_iterator all(path);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::string path = "/tmp/gatehouse-files-XXXXXX";
};

std::string text_of(const std::string& path, Links links = Links::followed) {
    return loop::read_file(path, 1000, links).value_or("unreadable");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(a_file_is_replaced_as_a_whole_and_goes_on_behind_its_end) {
    const Folder folder;
    const std::string path = folder / "journal";
    BOOST_TEST(loop::replace_file(path, "a much longer text").ok());
    {
        const auto fd = loop::replace_file(path, "new\n", {.mode = 0640, .durable = true});
        BOOST_REQUIRE(fd.ok());
        BOOST_TEST(text_of(path) == "new\n");
        BOOST_TEST(loop::write_all(fd->get(), "more\n"));
    }
    BOOST_TEST(text_of(path) == "new\nmore\n");
    struct stat seen {};
    BOOST_TEST(::stat(path.c_str(), &seen) == 0);
    BOOST_TEST((seen.st_mode & 0777U) == 0640U);
    BOOST_TEST(folder.files() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_link_leads_to_is_left_alone) {
    const Folder folder;
    BOOST_REQUIRE(loop::replace_file(folder / "precious", "precious").ok());
    // Where the file shall be, and where it is written first.
    for (const char* name : {"state", ".state.new"}) {
        BOOST_REQUIRE(::symlink("precious", (folder / name).c_str()) == 0);
    }
    BOOST_TEST(text_of(folder / "state", Links::refused) == "unreadable");
    BOOST_TEST(text_of(folder / "state") == "precious");
    BOOST_TEST(loop::replace_file(folder / "state", "ours").ok());
    BOOST_TEST(text_of(folder / "precious") == "precious");
    BOOST_TEST(text_of(folder / "state", Links::refused) == "ours");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_says_where_and_leaves_nothing) {
    const Folder folder;
    const auto nowhere = loop::replace_file(folder / "missing/state", "text");
    BOOST_REQUIRE(!nowhere.ok());
    BOOST_TEST(nowhere.error().text.find("missing") != std::string::npos);
    BOOST_REQUIRE(::mkdir((folder / "state").c_str(), 0700) == 0);
    BOOST_TEST(!loop::replace_file(folder / "state", "text").ok());
    BOOST_TEST(folder.files() == 1U);
}

BOOST_AUTO_TEST_CASE(no_more_is_read_than_was_asked_for) {
    const Folder folder;
    BOOST_REQUIRE(loop::replace_file(folder / "long", std::string(100000, 'x')).ok());
    BOOST_TEST(loop::read_file(folder / "long", 99999).value_or("").size() == 99999U);
    BOOST_TEST(loop::read_file(folder / "long", 200000).value_or("").size() == 100000U);
    BOOST_TEST(!loop::read_file(folder / "missing", 1).ok());
}

BOOST_AUTO_TEST_SUITE_END()
