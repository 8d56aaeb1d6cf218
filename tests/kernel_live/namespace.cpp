// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel_live/namespace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <boost/test/unit_test.hpp>

namespace gatehouse::kernel::test {

FreshNamespace::FreshNamespace() {
    if (::unshare(CLONE_NEWNET) == 0) {
        run("ip link set lo up");
        return;
    }
    std::printf("skipped: no network namespace: %s\n", std::strerror(errno));
    std::fflush(stdout);
    std::_Exit(77);
}

void run(const std::string& command) {
    BOOST_REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command);
}

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

UdpSocket::UdpSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    const int bound = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    BOOST_REQUIRE(bound == 0);
}

UdpSocket::~UdpSocket() {
    ::close(fd_);
}

void UdpSocket::send(std::uint16_t port, const std::string& text) const {
    const sockaddr_in address = loopback(port);
    // EPERM is what a drop in the output hook looks like.
    (void)::sendto(fd_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address);
}

std::optional<std::string> UdpSocket::receive(int milliseconds, std::uint16_t* from) const {
    if (!readable(fd_, milliseconds)) return std::nullopt;
    std::array<char, 2048> buffer{};
    sockaddr_in sender{};
    socklen_t length = sizeof sender;
    const auto size = ::recvfrom(fd_, buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&sender), &length);
    if (size < 0) return std::nullopt;
    if (from != nullptr) *from = ntohs(sender.sin_port);
    return std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool readable(int fd, int milliseconds) {
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, milliseconds) == 1;
}

}  // namespace gatehouse::kernel::test
