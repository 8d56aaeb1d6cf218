// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/journal.h"

#include <boost/test/unit_test.hpp>

#include "dhcp/lease_files.h"
#include "tests/dhcp/support/lan.h"
#include "tests/dhcp/support/print.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
using namespace gatehouse::test;

namespace {

const BootId kThisBoot{1};
const BootId kOtherBoot{2};
constexpr Instant kNow{5000s};

Lease lease(std::uint8_t last, LeaseState state, Instant expires) {
    return {Ip4::of(192, 168, 1, last), state, true, device_mac(last), "\x01who", "phone", expires};
}

std::vector<std::uint8_t> journal_of(const std::vector<Lease>& leases) {
    std::vector<std::uint8_t> out;
    append_magic(out);
    append_boot(out, kThisBoot);
    for (const Lease& one : leases)
        append_lease(out, one, kNow);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(journal)

BOOST_AUTO_TEST_CASE(the_checksum_is_the_one_everybody_has) {
    BOOST_TEST(crc32(as_bytes("123456789")) == 0xcbf43926U);
}

BOOST_AUTO_TEST_CASE(within_one_boot_leases_are_as_they_were) {
    const std::vector<Lease> leases{lease(100, LeaseState::bound, kNow + 3600s),
                                    lease(101, LeaseState::released, kNow - 10s),
                                    lease(102, LeaseState::bound, kNever)};
    const JournalContent read = read_journal(journal_of(leases), kThisBoot, kNow + 100s);
    BOOST_CHECK(read.leases == leases);
    BOOST_TEST(read.records == 4U);
}

BOOST_AUTO_TEST_CASE(after_another_boot_a_lease_has_the_time_it_had_left) {
    const JournalContent read = read_journal(
        journal_of({lease(100, LeaseState::bound, kNow + 3600s)}), kOtherBoot, Instant(7s));
    BOOST_REQUIRE(read.leases.size() == 1U);
    BOOST_CHECK(read.leases[0].expires == Instant(3607s));
}

BOOST_AUTO_TEST_CASE(the_last_record_of_an_address_counts) {
    auto bytes = journal_of(
        {lease(100, LeaseState::bound, kNow + 3600s), lease(101, LeaseState::bound, kNow + 3600s)});
    append_lease(bytes, lease(100, LeaseState::released, kNow), kNow);
    append_removal(bytes, Ip4::of(192, 168, 1, 101));
    const JournalContent read = read_journal(bytes, kThisBoot, kNow);
    BOOST_REQUIRE(read.leases.size() == 1U);
    BOOST_TEST(read.leases[0].state == LeaseState::released);
    BOOST_TEST(read.good == bytes.size());
}

BOOST_AUTO_TEST_CASE(a_torn_journal_is_read_up_to_the_tear) {
    const auto whole = journal_of(
        {lease(100, LeaseState::bound, kNow + 3600s), lease(101, LeaseState::bound, kNow + 3600s)});
    const auto first = journal_of({lease(100, LeaseState::bound, kNow + 3600s)});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const JournalContent read = read_journal(Bytes(whole).first(size), kThisBoot, kNow);
        BOOST_TEST(read.leases.size() == (size >= first.size() ? 1U : 0U));
        BOOST_TEST(read.good <= size);
    }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_ends_the_reading_and_never_makes_another_lease) {
    const auto whole = journal_of({lease(100, LeaseState::bound, kNow + 3600s)});
    const auto leases = read_journal(whole, kThisBoot, kNow).leases;
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        auto bytes = whole;
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        BOOST_TEST(read_journal(bytes, kThisBoot, kNow).leases.empty());
    }
    BOOST_TEST(leases.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_starts_again_renews_what_it_gave) {
    Lan before;
    std::vector<Ip4> addresses;
    for (unsigned device = 1; device <= 20; ++device)
        addresses.push_back(before.bind(device));
    before.pass(1h);
    config::DhcpPool modest = lan_pool();
    modest.authoritative = false;
    Lan after(modest);
    after.now = before.now;
    after.tell(Restored{before.journalled()});
    for (unsigned device = 1; device <= 20; ++device) {
        BOOST_TEST(type_of(after.renew(device, addresses[device - 1])) == "ack");
    }
    BOOST_CHECK(after.bind(21) != addresses[0]);
}

BOOST_AUTO_TEST_CASE(other_programs_read_leases_and_names) {
    Lan lan;
    Message message = request_of(1, MessageType::request);
    message.options.set_u32(option::kRequestedAddress, Ip4::of(192, 168, 1, 150).value);
    message.options.set_text(option::kHostName, "phone");
    lan.ask(message);
    lan.reboot(2, Ip4::of(192, 168, 1, 149));
    lan.discover(3);
    lan.pass(10s);
    const auto leases = lan.server.leases().sorted();
    BOOST_TEST(write_lease_file(leases, 1'700'000'000, lan.now) ==
               "1700043190 02:00:00:00:00:02 192.168.1.149 * 01:02:00:00:00:00:02\n"
               "1700043190 02:00:00:00:00:01 192.168.1.150 phone 01:02:00:00:00:00:01\n");
    config::StaticLease printer;
    printer.address = Ip4::of(192, 168, 1, 20);
    printer.name = "printer";
    BOOST_TEST(write_hosts_file(leases, {printer}, lan.server.networks()) ==
               "192.168.1.20 printer.lan printer\n192.168.1.150 phone.lan phone\n");
}

BOOST_AUTO_TEST_SUITE_END()
