// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the NAT holds, as rows of the control API. A mapping that a forward of a user or of a client
// holds is shown as that forward; the mappings of calls are shown as mappings.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/control/resources.h"
#include "gateway/kernel/ct_codec.h"
#include "gateway/nat/engine.h"
#include "gateway/nat/hosts.h"

namespace gatehouse::daemon {

// The translated IPv4 sessions of the kernel; nothing when it does not tell.
using SessionsProvider = std::function<std::optional<std::vector<kernel::Session>>()>;

// Whether a mapping is a row of its own.
bool is_listed(const nat::MappingView& mapping);
control::MappingRow mapping_row(const nat::MappingView& mapping, Instant now);

// How many sessions an outside endpoint has in the kernel, and when the last of them would end. The
// engine knows it from its last dump only.
class Census {
  public:
    explicit Census(std::span<const kernel::Session> sessions);

    void correct(control::MappingRow& row) const;

  private:
    struct Entry {
        std::uint32_t sessions = 0;
        Duration expires_in{};
    };

    static std::uint64_t key_of(Proto proto, const Endpoint4& outside);

    std::unordered_map<std::uint64_t, Entry> entries_;
};

// All lists are sorted.
// Of IPv4 sessions; the others are left out.
std::vector<control::SessionRow> session_rows(std::span<const kernel::Session> sessions);
std::vector<control::ForwardRow> forward_rows(const nat::Engine& engine, Instant now);
control::ForwardRow forward_row(const nat::Forward& forward, Instant now);
// Those of the configuration first.
std::vector<control::PinholeRow> pinhole_rows(const nat::Engine& engine, Instant now);
// Known hosts, and whoever has mappings without being known.
std::vector<control::HostRow> host_rows(const nat::Engine& engine, const nat::Hosts& hosts,
                                        Instant now);

struct NatCounts {
    std::size_t mappings = 0;
    std::size_t sessions = 0;  // a mapping that no dump has seen yet counts as one
    std::size_t forwards = 0;
};

NatCounts count_nat(const nat::Engine& engine, Instant now);

}  // namespace gatehouse::daemon
