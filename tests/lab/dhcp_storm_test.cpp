// SPDX-License-Identifier: GPL-2.0-or-later
//
// The power comes back: all devices of a house ask for an address within half a second. Each is a
// few lines here, with the patience that RFC 2131 section 4.1 gives it (4 seconds, then 8, ...).
//
//   many devices on one cable --- br-lan 192.168.0.1 [router] wan0 11.0.0.1 ---- [internet]
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <iostream>
#include <set>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/nat.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

using Clock = std::chrono::steady_clock;

struct Device {
    Mac mac;
    Clock::time_point next;
    Duration patience = 4s;
    bool bound = false;
};

class Storm {
  public:
    Storm(const Host& host, std::size_t count)
        : socket_(host.packets("eth0")), random_(count), begin_(Clock::now()) {
        for (std::size_t i = 0; i < count; ++i) {
            Device device;
            device.mac.bytes = {
                2, 0x77, 0, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
            device.next = begin_ + std::chrono::milliseconds(random_.below(500));
            devices_.push_back(device);
        }
    }

    // The time until the last device was bound; nothing when that took longer than the limit.
    std::optional<std::chrono::milliseconds> run(Duration limit) {
        while (bound_.size() < devices_.size()) {
            if (Clock::now() - begin_ > limit) return std::nullopt;
            send_due();
            const auto packet = socket_.receive(
                [](const Packet& p) {
                    return !p.outgoing && p.is_udp() && p.flow.destination.port.number == 68;
                },
                5ms);
            if (packet) hear(packet->payload());
        }
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
    }
    const std::set<Ip4>& addresses() const { return bound_; }

  private:
    void send_due() {
        const auto now = Clock::now();
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            Device& device = devices_[i];
            if (device.bound || device.next > now) continue;
            device.next = now + device.patience;
            device.patience = std::min<Duration>(device.patience * 2, 64s);
            send(i, {53, 1, 1});
        }
    }

    void send(std::size_t number, const std::vector<std::uint8_t>& options) {
        ByteWriter out;
        out.u32(0x01010600);
        out.u32(static_cast<std::uint32_t>(number));
        out.zeros(20);
        out.bytes(devices_[number].mac.bytes);
        out.zeros(10 + 64 + 128);
        out.u32(0x63825363);
        out.bytes(options);
        out.u8(255);
        const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
        socket_.send(udp4_frame({devices_[number].mac, everybody, Ip4{}, Ip4{0xffffffff}}, Port{68},
                                Port{67}, as_text(out.view())));
    }

    void hear(std::string_view reply) {
        ByteReader in(as_bytes(reply));
        in.skip(4);
        const std::uint32_t number = in.u32();
        in.skip(8);
        const Ip4 address = read_ip4(in);
        in.seek(240);
        const std::uint32_t type = in.u8() == 53 && in.u8() == 1 ? in.u8() : 0U;
        if (!in.ok() || number >= devices_.size()) return;
        if (type == 2) {
            ByteWriter options;
            options.bytes(std::array<std::uint8_t, 5>{53, 1, 3, 54, 4});
            write_ip4(options, Ip4::of(192, 168, 0, 1));
            options.bytes(std::array<std::uint8_t, 2>{50, 4});
            write_ip4(options, address);
            send(number, options.take());
        } else if (type == 5) {
            devices_[number].bound = true;
            bound_.insert(address);
        }
    }

    PacketSocket socket_;
    SeededRandom random_;
    Clock::time_point begin_;
    std::vector<Device> devices_;
    std::set<Ip4> bound_;
};

void weather(std::size_t count) {
    static constexpr Duration kLimit = 60s;
    HouseOptions options;
    options.phone = options.console = options.pc = {};
    options.lan = {"192.168.0.1/22"};
    House house(options);
    const Router router(
        house,
        section("dhcp 'lan'", {{"interface", "br-lan"}, {"start", "10"}, {"limit", "1000"}}));
    Storm storm(house.phone, count);
    const auto time = storm.run(kLimit);
    BOOST_REQUIRE(time.has_value());
    std::cerr << count << " devices bound after " << time->count() << " ms\n";
    BOOST_TEST(storm.addresses().size() == count);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(storm)

// The limits leave room for a busy machine; what an idle one needs is printed.
BOOST_AUTO_TEST_CASE(thirty_devices_at_once_are_all_probed_and_served) {
    weather(30);
}

BOOST_AUTO_TEST_CASE(two_hundred_and_fifty_devices_at_once_are_all_served) {
    weather(250);
}

BOOST_AUTO_TEST_SUITE_END()
