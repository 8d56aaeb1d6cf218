// SPDX-License-Identifier: GPL-2.0-or-later
//
// What surrounds a lab test: the folder for its logs, whether it is failing, and which programs
// must not die meanwhile. A test program that may not make namespaces says so in one sentence and
// exits with 77, which CTest shows as skipped; with GATEHOUSE_LAB=required it fails instead.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::lab {

// The private folder of the running test case: kept (and named in the output) when the test fails,
// removed when it passes. Folders of earlier runs go when the same program starts again.
std::filesystem::path work_directory();

// A path in that folder that was not given out before: "03-phone-ping.log".
std::filesystem::path new_log(std::string_view about);

// The program under test: the one of this build, or the one that GATEHOUSE_PROGRAM names (a build
// with sanitizers, a script that starts it under another program).
std::string gatehouse_program();

// Whether the running test case has a failed check or is being left by an exception.
bool test_is_failing();

// Every interface of the lab has a number and an address of its own. Numbers of two ends of a veth
// pair must differ: the kernel announces the carrier of a pair with equal numbers up to a second
// late (it takes such a device for one that stands on nothing).
unsigned next_interface_number();

// Something that eventually() must not wait past. The question answers what is wrong, or "".
class Watch {
  public:
    explicit Watch(std::function<std::string()> what_is_wrong);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // The first thing that is wrong with anything watched, or "".
    static std::string what_is_wrong();

  private:
    std::function<std::string()> question_;
};

}  // namespace gatehouse::lab
