// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway beside the kernel's helper, and beside a router that looks at no message: INVITEs
// with an offer of audio, of twenty calls in turn.
//
//     phone eth0 :5060 ---- br-lan [router] wan0 ---- net0 11.0.0.2:5060 [internet]
//     processor B           processor A               processor B
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/bench/support/batch.h"
#include "tests/bench/support/drive.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kCalls = 20;
constexpr std::size_t kAtOnce = 32;
constexpr std::uint64_t kOnTheWay = 128;  // so that no queue overflows
constexpr std::size_t kLongest = 2048;
constexpr std::uint64_t kPerSecond = 1000;
constexpr Duration kPatience = std::chrono::milliseconds(200);

// The next message of the phone; each call has its ports.
std::string invite(std::uint64_t number) {
    const std::uint64_t call = number % kCalls;
    const std::string body = concat(
        "v=0\r\no=alice 1 1 IN IP4 192.168.1.20\r\ns=call\r\nc=IN IP4 192.168.1.20\r\n"
        "t=0 0\r\nm=audio ",
        8000 + 2 * call,
        " RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n");
    return concat(
        "INVITE sip:bob@example.net SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK",
        number,
        ";rport\r\nMax-Forwards: 70\r\n"
        "From: Alice <sip:alice@example.net>;tag=",
        call, "\r\nTo: Bob <sip:bob@example.net>\r\nCall-ID: call-", call,
        "@example.net\r\nCSeq: ", number + 1,
        " INVITE\r\nContact: <sip:alice@192.168.1.20:5060>\r\n"
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE\r\n"
        "User-Agent: phone/1.0\r\nContent-Type: application/sdp\r\nContent-Length: ",
        body.size(), "\r\n\r\n", body);
}

constexpr std::string_view kHelper = R"(table inet helper {
    ct helper sip-5060 {
        type "sip" protocol udp
        l3proto ip
    }
    chain prerouting {
        type filter hook prerouting priority filter; policy accept;
        udp dport 5060 ct helper set "sip-5060"
    }
}
)";

// Both ends of the way, and what has passed.
class Talk {
  public:
    explicit Talk(const Path& path)
        : path_(path),
          edited_(path.way != Way::masquerade),
          phone_(path.house.phone.udp("192.168.1.20:5060")),
          server_(path.house.internet.udp("11.0.0.2:5060")) {
        constexpr int kBuffer = 8 << 20;
        (void)::setsockopt(server_.number(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
    }

    // As many as the router can take, so many in all.
    Passed hurry(std::uint64_t messages) {
        Passed out;
        const Duration router_before = path_.router_time();
        const auto begin = Clock::now();
        auto progress = begin;
        std::uint64_t sent = 0;
        while (out.packets + out.lost < messages) {
            for (; sent < messages && sent - out.packets - out.lost < kOnTheWay; ++sent)
                send();
            const std::uint64_t came = receive(MSG_DONTWAIT);
            out.packets += came;
            if (came > 0) progress = Clock::now();
            if (Clock::now() - progress < kPatience) continue;
            out.lost = sent - out.packets;
            progress = Clock::now();
        }
        out.time = Clock::now() - begin;
        out.router_time = path_.router_time() - router_before;
        return out;
    }

    // Evenly; how long each was on its way, in order of length.
    std::vector<Duration> stroll(std::uint64_t messages) {
        std::vector<Duration> out;
        const auto begin = Clock::now();
        for (std::uint64_t i = 0; i < messages; ++i) {
            while (Clock::now() < begin + i * std::chrono::microseconds(1'000'000 / kPerSecond)) {
            }
            const auto sent = Clock::now();
            send();
            bool came = false;
            while (!came && Clock::now() - sent < kPatience)
                came = receive(MSG_DONTWAIT) > 0;
            if (came) out.push_back(Clock::now() - sent);
        }
        std::sort(out.begin(), out.end());
        return out;
    }

  private:
    void send() { phone_.send_to("11.0.0.2:5060", invite(number_++)); }

    // How many came; those that say an inside address do not count where somebody is to edit them.
    std::uint64_t receive(int flags) {
        Batch<kAtOnce> batch;
        for (std::size_t i = 0; i < kAtOnce; ++i)
            batch.set(i, buffer_.data() + i * kLongest, kLongest);
        const int count = ::recvmmsg(server_.number(), batch.heads.data(), kAtOnce, flags, nullptr);
        std::uint64_t out = 0;
        for (int i = 0; i < count; ++i) {
            const auto index = static_cast<std::size_t>(i);
            const std::string_view text(buffer_.data() + index * kLongest,
                                        batch.heads[index].msg_len);
            if (!edited_ || text.find("192.168.1.20") == std::string_view::npos) ++out;
        }
        return out;
    }

    const Path& path_;
    const bool edited_;
    lab::UdpSocket phone_;
    lab::UdpSocket server_;
    std::uint64_t number_ = 0;
    std::vector<char> buffer_ = std::vector<char>(kAtOnce * kLongest);
};

}  // namespace

void measure_sip(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    if (way == Way::helper) path.house.router.nft(kHelper);
    path.poll_internet_around();
    // Otherwise the sender's processor would carry its packets through the router.
    path.cut_before_cables();
    Talk talk(path);
    path.drive(path.house.phone, [&] {
        talk.hurry(1000);
        const Passed passed = talk.hurry(settings.quick ? 10'000 : 50'000);
        results.add("sip-invites", way, passed.per_router_second());
        results.add("sip-lost", way, passed.lost);
        const std::vector<Duration> ages = talk.stroll(settings.quick ? 500 : 3000);
        if (ages.empty()) throw lab::LabError("no message comes");
        results.add("sip-age-p50", way, microseconds(ages[ages.size() / 2]));
        results.add("sip-age-p99", way, microseconds(ages[ages.size() * 99 / 100]));
    });
}

}  // namespace gatehouse::bench
