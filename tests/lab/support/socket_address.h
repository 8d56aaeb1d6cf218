// SPDX-License-Identifier: GPL-2.0-or-later
//
// Endpoints in the form the kernel wants them, and back.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "gateway/base/ip.h"

namespace gatehouse::lab {

struct KernelAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
};

KernelAddress to_kernel(const Endpoint& endpoint);
// Nothing for other families.
std::optional<Endpoint> from_kernel(const sockaddr* address);

}  // namespace gatehouse::lab
