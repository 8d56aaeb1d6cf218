// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/reconcile.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace gatehouse::nat {

namespace {

MappingBehaviour behaviour_of(KernelSet source_set) {
    if (source_set == KernelSet::source) return MappingBehaviour::endpoint_independent;
    if (source_set == KernelSet::source_address) return MappingBehaviour::address_dependent;
    return MappingBehaviour::address_and_port_dependent;
}

void sort_unique(std::vector<Element>& elements) {
    std::sort(elements.begin(), elements.end());
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
}

}  // namespace

std::vector<Element> order_claims(std::span<const Element> seen) {
    using Way = std::tuple<Proto, Endpoint4, Endpoint4>;  // outside, inside
    std::vector<Way> ways_back;
    std::vector<Element> claims;
    for (const Element& element : seen) {
        if (is_source(element.set)) claims.push_back(element);
        if (element.set == KernelSet::inbound || element.set == KernelSet::hairpin) {
            ways_back.emplace_back(element.proto, element.key, element.value);
        }
    }
    std::sort(ways_back.begin(), ways_back.end());
    std::sort(claims.begin(), claims.end());
    const auto leads_back = [&](const Element& claim) {
        return std::binary_search(ways_back.begin(), ways_back.end(),
                                  Way{claim.proto, claim.value, claim.key});
    };
    std::vector<Element> out;
    out.reserve(claims.size());
    std::copy_if(claims.begin(), claims.end(), std::back_inserter(out), leads_back);
    std::remove_copy_if(claims.begin(), claims.end(), std::back_inserter(out), leads_back);
    return out;
}

std::vector<Ip4> adopt_claims(std::span<const Element> seen, Ledger& ledger, Instant now) {
    std::vector<Ip4> strange;
    for (const Element& claim : order_claims(seen)) {
        const Ip4 address = claim.value.address;
        if (!ledger.outside().has(address)) {
            const bool known = std::find(strange.begin(), strange.end(), address) != strange.end();
            if (!known) strange.push_back(address);
            continue;
        }
        const MappingBehaviour behaviour =
            ledger.policy().of(claim.key.address, claim.proto).mapping;
        if (behaviour != behaviour_of(claim.set)) continue;
        ledger.adopt({claim.proto, claim.key, claim.remote}, claim.value, MappingState::live, now);
    }
    return strange;
}

void write_difference(std::vector<Element> wanted, std::span<const Element> seen,
                      EditWriter& writer) {
    std::vector<Element> there;
    there.reserve(seen.size());
    for (const Element& element : seen) {
        if (element.set != KernelSet::permit) there.push_back(element);
    }
    sort_unique(there);
    sort_unique(wanted);
    for (const Element& element : there) {
        if (!std::binary_search(wanted.begin(), wanted.end(), element)) writer.remove(element);
    }
    for (const Element& element : wanted) {
        if (!std::binary_search(there.begin(), there.end(), element)) writer.add(element);
    }
}

}  // namespace gatehouse::nat
