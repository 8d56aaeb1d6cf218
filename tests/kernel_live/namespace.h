// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every test here begins in an empty network namespace of its own. Without the right to make one
// the program says so and ends with 77, which CTest counts as skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gatehouse::kernel::test {

class FreshNamespace {
  public:
    FreshNamespace();
};

// Runs a shell command and requires that it succeeds.
void run(const std::string& command);

// A UDP socket of 127.0.0.1.
class UdpSocket {
  public:
    explicit UdpSocket(std::uint16_t port);
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket();

    void send(std::uint16_t port, const std::string& text) const;
    // What arrives within a time, if anything; its sender's port goes to from.
    std::optional<std::string> receive(int milliseconds, std::uint16_t* from = nullptr) const;

  private:
    int fd_;
};

// Whether fd becomes readable within a time.
bool readable(int fd, int milliseconds);

}  // namespace gatehouse::kernel::test
