// SPDX-License-Identifier: GPL-2.0-or-later
//
// Datagrams that are sent or received with one system call, each in one piece.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>

namespace gatehouse::bench {

template <std::size_t kMost>
struct Batch {
    std::array<iovec, kMost> parts{};
    std::array<mmsghdr, kMost> heads{};

    void set(std::size_t i, void* data, std::size_t size) {
        parts[i] = {data, size};
        heads[i].msg_hdr.msg_iov = &parts[i];
        heads[i].msg_hdr.msg_iovlen = 1;
    }
};

}  // namespace gatehouse::bench
