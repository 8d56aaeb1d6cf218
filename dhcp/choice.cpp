// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may have which address, for how long, and under which name.
#include <algorithm>

#include "dhcp/names.h"
#include "dhcp/server.h"
#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

// The place of a device in a pool must be the same after any restart, so this key is no secret:
// whoever aims at one place only moves himself.
constexpr HashKey kPlaceKey{0x6761746568757365, 0x6c65617365732031};

std::uint64_t place_of(std::string_view client) {
    return siphash(kPlaceKey, as_bytes(client));
}

}  // namespace

// Whether nothing and nobody stands against this device having this address.
bool Server::may_have(const Exchange& x, Ip4 address) const {
    if (!is_host_of(x.network.link.address, address) || x.network.is_own(address)) return false;
    const config::StaticLease* holder = reservations_.holder_of(address);
    if (holder != nullptr && holder != x.client.reservation) return false;
    if (holder == nullptr && !x.network.pool.contains(address)) return false;
    const Lease* lease = leases_.find(address);
    if (lease == nullptr || lease->has_ended() || lease->is_of(x.client.id)) return true;
    // Who answers there may be the device itself, which was forgotten.
    if (lease->state == LeaseState::conflict) {
        return lease->mac != Mac{} && lease->mac == x.client.mac;
    }
    // Two hardware addresses of one device take over from each other.
    return holder != nullptr && reservations_.find({std::string(lease->client), lease->mac,
                                                    std::string(lease->name), nullptr}) == holder;
}

bool Server::reservation_is_usable(const Exchange& x) const {
    return x.client.reservation != nullptr && may_have(x, x.client.reservation->address);
}

Server::Verdict Server::judge(const Exchange& x, Ip4 address, bool selecting) const {
    const Lease* mine = leases_.find_client(x.client.id, x.network.link.address);
    const bool known = mine != nullptr && mine->address == address;
    const bool speaks = x.network.config.authoritative || selecting || mine != nullptr;
    const bool elsewhere = reservation_is_usable(x) && x.client.reservation->address != address;
    if (elsewhere || !may_have(x, address)) return speaks ? Verdict::no : Verdict::silent;
    return known || speaks ? Verdict::yes : Verdict::silent;
}

std::optional<Ip4> Server::choose(const Exchange& x) {
    if (reservation_is_usable(x)) return x.client.reservation->address;
    for (const Ip4 mine : leases_.addresses_of(x.client.id, x.network.link.address)) {
        if (may_have(x, mine)) return mine;
    }
    const auto asked = x.message.options.ip4(option::kRequestedAddress);
    if (asked) {
        const Lease* there = leases_.find(*asked);
        const bool free = x.network.pool.is_free(*asked) ||
                          (there != nullptr && there->state == LeaseState::conflict);
        if (free && may_have(x, *asked)) return *asked;
    }
    if (const auto free = x.network.pool.choose(place_of(x.client.id))) return free;
    return recycle(x);
}

// What was offered in vain, else the address of whom nobody has seen for longest; the last tenth
// stays with those who had it.
std::optional<Ip4> Server::recycle(const Exchange& x) {
    static constexpr std::size_t kShare = 10;
    const Pool& pool = x.network.pool;
    // A device that is there takes an offer at once.
    if (const auto vain = pool.oldest_offer(x.now + kOfferTime - kPatience)) return vain;
    if (pool.ended() <= pool.size() / kShare) return std::nullopt;
    return pool.oldest_ended();
}

bool Server::is_tight(const Network& network) const {
    const Pool& pool = network.pool;
    return (pool.free() + pool.ended()) * 10 < pool.size();
}

std::optional<Duration> Server::lease_time(const Exchange& x) const {
    const config::StaticLease* reservation = x.client.reservation;
    Duration time = x.network.config.leasetime;
    if (reservation != nullptr && reservation->leasetime) time = *reservation->leasetime;
    const auto asked = x.message.options.u32(option::kLeaseTime);
    if (asked) {
        time = std::min<Duration>(time,
                                  std::max<Duration>(std::chrono::seconds(*asked), kShortestLease));
    }
    const Lease* mine = leases_.find_client(x.client.id, x.network.link.address);
    const bool stranger = reservation == nullptr && (mine == nullptr || !mine->confirmed);
    if (stranger && is_tight(x.network)) time = std::min(time, kTightLease);
    if (time == config::kInfiniteLease) return std::nullopt;
    return time;
}

// The name of the reservation, else what the device asks for, unless that belongs to somebody: then
// with a number behind it.
std::string Server::name_for(const Exchange& x) const {
    static constexpr int kMostTries = 9;
    static constexpr std::size_t kRoomForNumber = 61;
    const config::StaticLease* reservation = x.client.reservation;
    if (reservation != nullptr && !reservation->name.empty()) return reservation->name;
    std::string asked = x.client.name;
    // Not every message says it again.
    const Lease* mine = leases_.find_client(x.client.id, x.network.link.address);
    if (asked.empty() && mine != nullptr) asked = mine->name;
    if (asked.empty() || is_trusted_name(asked) ||
        equal_ignoring_case(asked, configuration_.router_name)) {
        return {};
    }
    for (int number = 1; number <= kMostTries; ++number) {
        const std::string name =
            number == 1 ? asked : concat(asked.substr(0, kRoomForNumber), '-', number);
        if (reservations_.has_name(name)) continue;
        const Lease* holder = leases_.find_name(name);
        if (holder == nullptr || holder->client == x.client.id) return name;
    }
    return {};
}

}  // namespace gatehouse::dhcp
