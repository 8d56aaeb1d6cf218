// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device with the input as the source of every choice: calls of both versions, NAT-PMP,
// PCP, searches, subscriptions, time, new addresses, devices that come and go, restarts. What must
// hold after each: the kernel is as the engine wants it, every asked forward leads to a device of
// the house and ends some day, the journal holds what the allocator holds.
#include <cstdlib>

#include "tests/upnp/device.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::test;

class Driver {
  public:
    explicit Driver(Bytes bytes) : in_(bytes) {}

    bool step() {
        if (in_.remaining() == 0) return false;
        client_ = in_.u8() % 2 == 0 ? kPc : kPhone;
        switch (in_.u8() % 9) {
            case 0: add(); break;
            case 1: remove(); break;
            case 2: natpmp(); break;
            case 3: pcp(); break;
            case 4: subscribe(); break;
            case 5: device_.pass(Duration(std::chrono::minutes(in_.u8() % 20))); break;
            case 6: host(); break;
            case 7: outside(); break;
            default: restart(); break;
        }
        return true;
    }

    void check() {
        must(device_.nat.agrees());
        const Instant now = device_.nat.now;
        std::size_t asked = 0;
        for (const Forward& forward : device_.nat.engine->forwards()) {
            must(forward.inside.address == kPc || forward.inside.address == kPhone);
            must(forward.expires > now && forward.expires <= now + Claims::kUnlimited);
            ++asked;
        }
        const JournalImage image = parse_journal(device_.journal, device_.boot_name, now);
        must(!image.damaged && image.entries.size() == asked);
        device_.effects.clear();
    }

  private:
    static void must(bool holds) {
        if (!holds) std::abort();
    }
    std::string port() { return std::to_string(2000 + in_.u8() % 4); }
    ServiceKind version() {
        return in_.u8() % 2 == 0 ? ServiceKind::wan_ip1 : ServiceKind::wan_ip2;
    }

    void add() {
        const ServiceKind kind = version();
        const bool any = kind == ServiceKind::wan_ip2 && in_.u8() % 2 == 0;
        Fields fields =
            add_fields(port(), port(), client_.to_string(), in_.u8() % 2 == 0 ? "TCP" : "UDP",
                       std::to_string(in_.u8() * 60));
        if (in_.u8() % 4 == 0) fields[0].second = "11.0.9.1";
        device_.call(kind, any ? "AddAnyPortMapping" : "AddPortMapping", fields, client_);
    }
    void remove() {
        const ServiceKind kind = version();
        if (kind == ServiceKind::wan_ip2 && in_.u8() % 2 == 0) {
            device_.call(kind, "DeletePortMappingRange",
                         {{"NewStartPort", port()},
                          {"NewEndPort", port()},
                          {"NewProtocol", "UDP"},
                          {"NewManage", "0"}},
                         client_);
            return;
        }
        device_.call(kind, "DeletePortMapping",
                     place_fields(port(), in_.u8() % 2 == 0 ? "TCP" : "UDP"), client_);
    }
    void datagram(const ByteWriter& out) {
        device_.handle(Datagram{
            Service::mapping, "lan", {client_, Port{40000}}, std::string(as_text(out.view()))});
    }
    void natpmp() {
        ByteWriter out;
        out.u8(0);
        out.u8(static_cast<std::uint8_t>(1 + in_.u8() % 2));
        out.u16(0);
        out.u16(static_cast<std::uint16_t>(2000 + in_.u8() % 4));
        out.u16(static_cast<std::uint16_t>(2000 + in_.u8() % 4));
        out.u32(std::uint32_t{in_.u8()} * 60);
        datagram(out);
    }
    void pcp() {
        ByteWriter out;
        const bool peer = in_.u8() % 4 == 0;
        out.u8(2);
        out.u8(peer ? 2 : 1);
        out.u16(0);
        out.u32(std::uint32_t{in_.u8()} * 60);
        out.zeros(10);
        out.u16(0xffff);
        write_ip4(out, client_);
        out.zeros(11);
        out.u8(in_.u8() % 2);  // the nonce
        out.u8(in_.u8() % 2 == 0 ? 6 : 17);
        out.zeros(3);
        out.u16(static_cast<std::uint16_t>(2000 + in_.u8() % 4));
        out.u16(static_cast<std::uint16_t>(2000 + in_.u8() % 4));
        out.zeros(16);
        if (peer) {
            out.u16(80);
            out.u16(0);
            out.zeros(10);
            out.u16(0xffff);
            write_ip4(out, kServer);
        } else if (in_.u8() % 4 == 0) {
            out.u32(0x02000000);
        }
        datagram(out);
    }
    void subscribe() {
        HttpRequest request =
            device_.request("SUBSCRIBE", device_.path(version(), "event"), client_);
        request.headers.emplace_back("NT", "upnp:event");
        request.headers.emplace_back("CALLBACK",
                                     concat("<http://", client_.to_string(), ":2869/x>"));
        device_.http(request);
        device_.pass(60ms);
        for (const Notify& notify : std::exchange(device_.effects.notifies, {}))
            device_.handle(NotifyDone{notify.subscription, in_.u8() % 2 == 0});
    }
    void host() {
        const Mac other = *parse_mac("02:00:00:00:00:99");
        if (in_.u8() % 3 == 0) {
            device_.nat.hosts.withdraw(client_, HostSource::neighbour);
        } else {
            device_.nat.hosts.publish(client_, HostSource::neighbour,
                                      in_.u8() % 2 == 0 ? kPcMac : other);
        }
        device_.handle(upnp::HostChanged{client_});
    }
    void outside() {
        const std::uint8_t choice = in_.u8() % 3;
        device_.nat.event(OutsideChanged{choice == 0   ? std::vector<Ip4>{}
                                         : choice == 1 ? std::vector{kOutside}
                                                       : std::vector{kOutside2}});
        device_.room->settle(device_.nat.now, device_.effects);
        device_.take();
    }
    // The kernel stays as it is, the journal is what remains of the memory.
    void restart() {
        device_.room.reset();
        const auto address = device_.nat.engine->outside_address().address;
        device_.nat.restart(device_.nat.config);
        device_.nat.event(
            OutsideChanged{address.is_any() ? std::vector<Ip4>{} : std::vector{address}});
        device_.begin(device_.journal);
        const std::vector<Element> seen = device_.nat.kernel();
        device_.nat.event(AdoptElements{seen, {}});
        device_.room->settle(device_.nat.now, device_.effects);
        device_.take();
    }

    ByteReader in_;
    Device device_;
    Ip4 client_ = kPc;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int kMostSteps = 8;
    Driver driver(Bytes(data, size));
    for (int step = 0; step < kMostSteps && driver.step(); ++step)
        driver.check();
    return 0;
}
