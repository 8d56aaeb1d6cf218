// SPDX-License-Identifier: GPL-2.0-or-later
//
// An owned file descriptor, and the one exception of the lab: something that is not the subject of
// the test went wrong (a namespace cannot be made, a program cannot be started).
#pragma once

#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::lab {

class LabError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Throws a LabError that says what was tried and what errno means.
[[noreturn]] void throw_errno(std::string_view tried);

class Fd {
  public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Fd() { close(); }

    // Takes what a system call gave; throws with errno when that was an error.
    static Fd checked(int number, std::string_view tried) {
        if (number < 0) throw_errno(tried);
        return Fd(number);
    }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

// The whole content of a file that can be seeked (a log, a memory file), from its beginning.
std::string read_whole(int fd);

}  // namespace gatehouse::lab
