// SPDX-License-Identifier: GPL-2.0-or-later
//
// Phones of another make (baresip) that register with a proxy which knows nothing of NATs
// (kamailio) and call each other. Audio is counted where it arrives.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 proxy, .3 [internet]
//   console .30 +
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 30s;
constexpr std::size_t kEnough = 25;  // packets of 20 ms

// The header of a file with sound in 16 bits, 8,000 times a second, and a saw-tooth behind it.
void write_sound(const std::filesystem::path& path) {
    constexpr std::uint32_t kSamples = 8000U * 60;
    std::string out = "RIFF";
    const auto number = [&out](std::uint32_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            out += static_cast<char>(value >> (8 * i) & 0xffU);
    };
    number(36 + kSamples * 2, 4);
    out += "WAVEfmt ";
    number(16, 4);
    number(1, 2);
    number(1, 2);
    number(8000, 4);
    number(16000, 4);
    number(2, 2);
    number(16, 2);
    out += "data";
    number(kSamples * 2, 4);
    for (std::uint32_t i = 0; i < kSamples; ++i)
        number(i * 400 % 16000, 2);
    std::ofstream(path, std::ios::binary) << out;
}

// A phone that answers whoever calls.
class Phone {
  public:
    Phone(Host& host, std::string_view name, std::string_view address) : host_(host) {
        const std::filesystem::path folder = work_directory() / name;
        std::filesystem::create_directories(folder);
        write_sound(folder / "said.wav");
        // Relative, for it cuts long paths.
        std::ofstream(folder / "config")
            << "sip_listen " << address
            << ":5060\naudio_path /usr/share/baresip\naudio_player aufile,heard.wav\n"
               "audio_source aufile,said.wav\naudio_alert aufile,ring.wav\n"
               "ausrc_srate 8000\nauplay_srate 8000\nrtp_ports 6000-6019\n"
               "module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n"
               "module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
               "ctrl_tcp_listen 127.0.0.1:4444\n";
        std::ofstream(folder / "accounts") << "<sip:" << name
                                           << "@11.0.0.2>;regint=3600;answermode=auto;auth_pass=x"
                                              "\n";
        std::ofstream(folder / "contacts") << "";
        program_ = host.start({"sh", "-c", "cd \"$1\" && exec baresip -f .", "", folder.string()});
    }

    Verdict is_registered() const { return program_.wait_for_output("200 OK", kSoon); }
    // Each call once.
    Verdict is_in_a_call() { return says("Call established"); }
    Verdict is_alone() { return says("session closed"); }

    void dial(std::string_view who) const {
        command(concat(R"({"command":"dial","params":"sip:)", who, R"(@11.0.0.2"})"));
    }
    void hang_up() const { command(R"({"command":"hangup"})"); }

  private:
    // As a netstring.
    void command(std::string_view text) const {
        TcpConnection control = host_.connect("127.0.0.1:4444", kSoon);
        BOOST_TEST(control.send(concat(text.size(), ":", text, ",")));
        // An answer: it has been read.
        BOOST_TEST(control.receive(kSoon).has_value());
    }
    // Behind what was looked for before.
    Verdict says(std::string_view text) {
        const Verdict said = program_.wait_for_output(text, kSoon, seen_);
        if (said) seen_ = program_.output().find(text, seen_) + text.size();
        return said;
    }

    Host& host_;
    Process program_;
    std::size_t seen_ = 0;
};

Process start_proxy(House& house) {
    const std::string folder = work_directory().string();
    Process proxy = house.internet.start(
        {"kamailio", "-f", GATEHOUSE_SOURCE "/tests/lab/programs/sip_proxy.cfg", "-DD", "-E", "-m",
         "32", "-M", "4", "-w", folder, "-Y", folder});
    wait_until_bound(house.internet, "11.0.0.2:5060", proxy);
    return proxy;
}

bool is_audio(const Packet& packet, std::string_view from, std::string_view to) {
    return packet.is_udp() && packet.payload().size() == 172 &&
           packet.ip4_source_in(concat(from, "/32")) &&
           packet.ip4_destination_in(concat(to, "/32"));
}

Verdict has_audio(const Capture& capture, std::string_view from, std::string_view to) {
    const auto matches = [&](const Packet& p) { return is_audio(p, from, to); };
    return eventually([&] { return capture.count(matches) > kEnough; }, kSoon);
}

bool comes_from_inside(const Packet& packet) {
    return packet.ip4_source_in("192.168.1.0/24");
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_phones_of_the_house_call_each_other_by_a_proxy_and_talk_inside) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const Process proxy = start_proxy(house);
    Phone alice(house.phone, "alice", "192.168.1.20");
    Phone bob(house.console, "bob", "192.168.1.30");
    BOOST_REQUIRE(alice.is_registered());
    BOOST_REQUIRE(bob.is_registered());
    alice.dial("bob");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(bob.is_in_a_call());
    BOOST_TEST(has_audio(inside, "192.168.1.20", "192.168.1.30"));
    BOOST_TEST(has_audio(inside, "192.168.1.30", "192.168.1.20"));
    BOOST_TEST(outside.none([](const Packet& p) { return p.payload().size() == 172; }));
    BOOST_TEST(outside.none(comes_from_inside));
}

BOOST_AUTO_TEST_CASE(a_phone_calls_a_phone_outside_and_is_called_by_it_after_a_long_silence) {
    House house;
    const Router router(house);
    Capture outside = house.router.capture("wan0");
    Capture inside = house.phone.capture("eth0");
    const Process proxy = start_proxy(house);
    Phone carol(house.internet, "carol", "11.0.0.3");
    Phone alice(house.phone, "alice", "192.168.1.20");
    BOOST_REQUIRE(carol.is_registered());
    BOOST_REQUIRE(alice.is_registered());
    alice.dial("carol");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", "11.0.0.2"));
    BOOST_TEST(has_audio(inside, "11.0.0.2", "192.168.1.20"));
    alice.hang_up();
    BOOST_TEST(carol.is_alone());
    BOOST_TEST(outside.none(comes_from_inside));
    // As after an hour in which nobody said anything.
    house.router.run({"conntrack", "-F"});
    outside.forget();
    inside.forget();
    carol.dial("alice");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", "11.0.0.2"));
    BOOST_TEST(has_audio(inside, "11.0.0.2", "192.168.1.20"));
    BOOST_TEST(outside.none(comes_from_inside));
}
