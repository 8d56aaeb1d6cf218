// SPDX-License-Identifier: GPL-2.0-or-later
//
// How much the journal of what devices asked for has room for.
#include "upnp/journal.h"

#include <boost/test/unit_test.hpp>

using namespace gatehouse;
using namespace gatehouse::upnp;

namespace {

const Instant kStart = Instant{} + 1000s;

nat::Pinhole pinhole(nat::PinholeId id, Instant expires) {
    nat::Pinhole out;
    out.id = id;
    out.inside = *parse_ip6("2001:db8:1::10");
    out.port = {8080};
    out.owner = {nat::OwnerKind::pcp, "x"};
    out.expires = expires;
    return out;
}

nat::Forward forward(std::uint32_t number, Instant expires) {
    nat::Forward out;
    out.outside.port = {static_cast<std::uint16_t>(1024 + number)};
    out.inside = {Ip4::of(192, 168, 1, 10), out.outside.port};
    out.owner = {nat::OwnerKind::igd, "192.168.1.10"};
    out.expires = expires;
    return out;
}

// So many of each, which end after a minute, and as many others that were asked for then and end
// after an hour. The journal is read when all have been asked for.
JournalImage two_waves(std::uint32_t pinholes, std::uint32_t forwards, std::string_view boot) {
    std::string text = journal_head("boot-1", kStart);
    for (const std::uint32_t wave : {0U, 1U}) {
        const Instant at = kStart + wave * 60s;
        const Instant end = at + (wave == 0 ? Duration(60s) : Duration(3600s));
        for (std::uint32_t n = 0; n < pinholes; ++n)
            text += journal_pinhole(pinhole(1 + wave * pinholes + n, end), at);
        for (std::uint32_t n = 0; n < forwards; ++n)
            text += journal_line(forward(wave * forwards + n, end), false, {}, at);
    }
    return parse_journal(text, boot, kStart + 60s);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(journal_room)

BOOST_AUTO_TEST_CASE(what_is_over_takes_no_place_from_what_came_later) {
    for (const char* boot : {"boot-1", "boot-2"}) {
        const JournalImage image = two_waves(nat::kMostPinholes, nat::kMostForwards, boot);
        BOOST_TEST(!image.damaged);
        BOOST_TEST(image.pinholes.size() == nat::kMostPinholes);
        BOOST_TEST(image.pinholes.front().id == 1 + nat::kMostPinholes);
        BOOST_TEST(image.entries.size() == nat::kMostForwards);
        BOOST_TEST(image.entries.front().forward.outside.port.number == 1024 + nat::kMostForwards);
    }
}

BOOST_AUTO_TEST_CASE(a_journal_of_more_than_there_may_be_is_read_as_far_as_there_is_room) {
    std::string text = journal_head("boot-1", kStart);
    for (nat::PinholeId id = 1; id <= nat::kMostPinholes + 1; ++id)
        text += journal_pinhole(pinhole(id, kStart + 60s), kStart);
    const JournalImage image = parse_journal(text, "boot-1", kStart);
    BOOST_TEST(image.damaged);
    BOOST_TEST(image.pinholes.size() == nat::kMostPinholes);
    // One that is renewed needs no new place.
    std::string renewed = text.substr(0, text.rfind('\n', text.size() - 2) + 1);
    renewed += journal_pinhole(pinhole(7, kStart + 90s), kStart);
    const JournalImage whole = parse_journal(renewed, "boot-1", kStart);
    BOOST_TEST(!whole.damaged);
    BOOST_TEST((whole.pinholes[6].expires == kStart + 90s));
}

BOOST_AUTO_TEST_SUITE_END()
