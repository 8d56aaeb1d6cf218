// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/lease_table.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

// A live lease before one that has ended, the latest first.
auto rank(const Lease& lease) {
    return std::tuple(lease.state == LeaseState::bound, !lease.has_ended(), lease.expires);
}

bool holds_name(const Lease& lease) {
    return lease.state == LeaseState::bound && !lease.name.empty();
}

}  // namespace

std::string_view to_string(LeaseState state) {
    switch (state) {
        case LeaseState::offered: return "offered";
        case LeaseState::bound: return "bound";
        case LeaseState::released: return "released";
        case LeaseState::expired: return "expired";
        case LeaseState::conflict: return "conflict";
    }
    return "";
}

LeaseTable::LeaseTable(const HashKey& key) : key_(key), leases_(0, KeyedHash(key)) {}

std::uint32_t LeaseTable::client_key(std::string_view client) const {
    return static_cast<std::uint32_t>(siphash(key_, as_bytes(client)));
}

std::uint32_t LeaseTable::name_key(std::string_view name) const {
    return static_cast<std::uint32_t>(siphash(key_, as_bytes(to_lower(name))));
}

const Lease* LeaseTable::find(Ip4 address) const {
    const auto found = leases_.find(address);
    return found == leases_.end() ? nullptr : &found->second;
}

const Lease* LeaseTable::find_client(std::string_view client, const Prefix4& network) const {
    const Lease* best = nullptr;
    clients_.for_each(client_key(client), [&](std::uint32_t address) {
        const Lease* lease = find(Ip4{address});
        if (lease->client != client || !network.contains(lease->address)) return;
        if (best == nullptr || rank(*lease) > rank(*best)) best = lease;
    });
    return best;
}

std::vector<Ip4> LeaseTable::addresses_of(std::string_view client, const Prefix4& network) const {
    std::vector<Ip4> out;
    clients_.for_each(client_key(client), [&](std::uint32_t address) {
        if (find(Ip4{address})->client == client && network.contains(Ip4{address})) {
            out.push_back(Ip4{address});
        }
    });
    std::sort(out.begin(), out.end(),
              [this](Ip4 a, Ip4 b) { return rank(*find(a)) > rank(*find(b)); });
    return out;
}

const Lease* LeaseTable::find_name(std::string_view name) const {
    const std::uint32_t found = names_.find(name_key(name), [&](std::uint32_t address) {
        return equal_ignoring_case(find(Ip4{address})->name, name);
    });
    return found == IdIndex::kNoId ? nullptr : find(Ip4{found});
}

void LeaseTable::index(const Lease& lease) {
    ++counts_[static_cast<std::size_t>(lease.state)];
    if (lease.state != LeaseState::conflict) {
        clients_.insert(client_key(lease.client), lease.address.value);
    }
    if (holds_name(lease)) names_.insert(name_key(lease.name), lease.address.value);
    if (!lease.has_ended() && lease.expires != kNever) {
        deadlines_.push_back({lease.expires, lease.address});
        std::push_heap(deadlines_.begin(), deadlines_.end());
    }
    tidy_deadlines();
}

void LeaseTable::remove_from_index(const Lease& lease) {
    --counts_[static_cast<std::size_t>(lease.state)];
    if (lease.state != LeaseState::conflict) {
        clients_.erase(client_key(lease.client), lease.address.value);
    }
    if (holds_name(lease)) names_.erase(name_key(lease.name), lease.address.value);
}

const Lease& LeaseTable::put(Lease lease) {
    auto found = leases_.find(lease.address);
    if (found == leases_.end()) {
        assert(!full());
        found = leases_.emplace(lease.address, Lease{}).first;
    } else {
        remove_from_index(found->second);
    }
    found->second = std::move(lease);
    index(found->second);
    return found->second;
}

void LeaseTable::erase(Ip4 address) {
    const auto found = leases_.find(address);
    if (found == leases_.end()) return;
    remove_from_index(found->second);
    leases_.erase(found);
    tidy_deadlines();
}

bool LeaseTable::still_holds(const Deadline& deadline) const {
    const Lease* lease = find(deadline.address);
    return lease != nullptr && !lease->has_ended() && lease->expires == deadline.at;
}

void LeaseTable::tidy_deadlines() {
    static constexpr std::size_t kFew = 64;
    if (deadlines_.size() > leases_.size() + leases_.size() / 4 + kFew) {
        std::erase_if(deadlines_,
                      [this](const Deadline& deadline) { return !still_holds(deadline); });
        std::make_heap(deadlines_.begin(), deadlines_.end());
    }
    while (!deadlines_.empty() && !still_holds(deadlines_.front())) {
        std::pop_heap(deadlines_.begin(), deadlines_.end());
        deadlines_.pop_back();
    }
}

std::optional<Instant> LeaseTable::next_deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.front().at;
}

std::optional<Ip4> LeaseTable::first_expired(Instant now) const {
    if (deadlines_.empty() || deadlines_.front().at > now) return std::nullopt;
    return deadlines_.front().address;
}

std::vector<Lease> LeaseTable::sorted() const {
    std::vector<Lease> out;
    out.reserve(leases_.size());
    for (const auto& [address, lease] : leases_)
        out.push_back(lease);
    std::sort(out.begin(), out.end(),
              [](const Lease& a, const Lease& b) { return a.address < b.address; });
    return out;
}

}  // namespace gatehouse::dhcp
