// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/mapping_table.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "gateway/base/random.h"

using namespace gatehouse;
using nat::kNoMapping;
using nat::Mapping;
using nat::MappingId;
using nat::MappingKey;
using nat::MappingState;
using nat::MappingTable;

namespace {

constexpr HashKey kKey{1, 2};

Endpoint4 inside(std::uint32_t n) {
    return {Ip4{0xc0a80100U + (n >> 8U)}, Port{static_cast<std::uint16_t>(n & 0xffU)}};
}

Endpoint4 outside(std::uint32_t n) {
    return {Ip4::of(11, 0, 0, 1), Port{static_cast<std::uint16_t>(n)}};
}

Mapping mapping(std::uint32_t in, std::uint32_t out, Endpoint4 remote = {}) {
    Mapping m;
    m.inside = inside(in);
    m.outside = outside(out);
    m.remote = remote;
    return m;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mapping_table)

BOOST_AUTO_TEST_CASE(a_mapping_is_found_from_both_sides) {
    MappingTable table(kKey);
    const MappingId id = table.add(mapping(1, 100));
    BOOST_TEST(table.find({Proto::udp, inside(1), {}}) == id);
    BOOST_TEST(table.find_outside(Proto::udp, outside(100)) == id);
    BOOST_TEST(table.find({Proto::tcp, inside(1), {}}) == kNoMapping);
    BOOST_TEST(table.find_outside(Proto::tcp, outside(100)) == kNoMapping);
    table.remove(id);
    BOOST_TEST(table.find({Proto::udp, inside(1), {}}) == kNoMapping);
    BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_retired_mapping_is_found_from_outside_only) {
    MappingTable table(kKey);
    const MappingId old = table.add(mapping(1, 100));
    table.set_state(old, MappingState::retired);
    const MappingId fresh = table.add(mapping(1, 200));
    BOOST_TEST(table.find({Proto::udp, inside(1), {}}) == fresh);
    BOOST_TEST(table.find_outside(Proto::udp, outside(100)) == old);
    table.remove(old);
    BOOST_TEST(table.find({Proto::udp, inside(1), {}}) == fresh);
}

BOOST_AUTO_TEST_CASE(a_key_keeps_only_what_its_behaviour_looks_at) {
    const Endpoint4 remote{Ip4::of(11, 0, 0, 9), {53}};
    using enum config::MappingBehaviour;
    const auto remote_of = [&](config::MappingBehaviour behaviour) {
        return nat::key_for(behaviour, Proto::udp, inside(1), remote).remote;
    };
    BOOST_CHECK(remote_of(endpoint_independent) == Endpoint4{});
    BOOST_CHECK((remote_of(address_dependent) == Endpoint4{remote.address, {}}));
    BOOST_CHECK(remote_of(address_and_port_dependent) == remote);
}

BOOST_AUTO_TEST_CASE(the_table_agrees_with_two_maps) {
    SeededRandom random(11);
    MappingTable table(kKey);
    std::map<std::uint32_t, MappingId> by_inside;
    std::map<std::uint32_t, MappingId> by_outside;
    std::map<MappingId, std::pair<std::uint32_t, std::uint32_t>> all;
    for (int i = 0; i < 60000; ++i) {
        const auto in = static_cast<std::uint32_t>(random.below(1500));
        const auto out = static_cast<std::uint32_t>(random.below(1500));
        if (random.below(3) != 0 && !by_inside.contains(in) && !by_outside.contains(out)) {
            const MappingId id = table.add(mapping(in, out));
            BOOST_REQUIRE(all.emplace(id, std::pair{in, out}).second);
            by_inside[in] = id;
            by_outside[out] = id;
        } else if (const auto found = by_outside.find(out); found != by_outside.end()) {
            const MappingId id = found->second;
            const std::uint32_t its_in = all[id].first;
            if (random.below(4) == 0) {
                table.set_state(id, MappingState::retired);
                if (by_inside.contains(its_in) && by_inside[its_in] == id) by_inside.erase(its_in);
            } else {
                table.remove(id);
                if (by_inside.contains(its_in) && by_inside[its_in] == id) by_inside.erase(its_in);
                by_outside.erase(found);
                all.erase(id);
            }
        }
        const auto expected = by_inside.find(in);
        BOOST_REQUIRE(table.find({Proto::udp, inside(in), {}}) ==
                      (expected == by_inside.end() ? kNoMapping : expected->second));
        BOOST_REQUIRE(table.size() == all.size());
    }
    std::set<MappingId> visited;
    table.for_each([&](MappingId id) { visited.insert(id); });
    BOOST_TEST(visited.size() == all.size());
    for (const auto& [out, id] : by_outside) {
        BOOST_REQUIRE(table.find_outside(Proto::udp, outside(out)) == id);
        BOOST_REQUIRE(visited.contains(id));
    }
}

BOOST_AUTO_TEST_SUITE_END()
