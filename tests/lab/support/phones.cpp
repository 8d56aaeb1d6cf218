// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/phones.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/lab/support/coturn.h"
#include "tests/lab/support/environment.h"
#include "tests/lab/support/packet.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::lab {

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

std::filesystem::path folder_of(std::string_view name) {
    const std::filesystem::path folder = work_directory() / name;
    std::filesystem::create_directories(folder);
    write_sound(folder / "said.wav");
    return folder;
}

}  // namespace

Proxy::Proxy(House& house, const ProxyHabits& habits) {
    const std::string folder = work_directory().string();
    const std::string file = GATEHOUSE_SOURCE "/tests/lab/programs/sip_proxy.cfg";
    Command command{"kamailio", "-f", file, "-DD", "-E", "-m", "32"};
    command.insert(command.end(), {"-M", "4", "-w", folder, "-Y", folder});
    for (const std::string& habit : habits) {
        command.insert(command.end(), {"-A", habit});
        if (habit != "RELAY") continue;
        relay_ = house.internet.start(
            {"rtpengine", "--foreground", "--log-stderr", "--log-level=4", "--table=-1",
             "--interface=11.0.0.3", "--listen-ng=127.0.0.1:2223", "--port-min=30000",
             "--port-max=30999", "--num-threads=1", "--no-fallback=false", "--config-file=none"});
        wait_until_bound(house.internet, "127.0.0.1:2223", relay_);
    }
    proxy_ = house.internet.start(command);
    wait_until_bound(house.internet, "11.0.0.2:5060", proxy_);
}

Verdict Phone::says(std::string_view text) {
    return program_.wait_for_output(text, kSoon);
}

Verdict Phone::says_once_more(std::string_view text) {
    const Verdict said = program_.wait_for_output(text, kSoon, seen_);
    if (said) seen_ = program_.output().find(text, seen_) + text.size();
    return said;
}

Baresip::Baresip(Host& host, std::string_view name, std::string_view address,
                 const BaresipOptions& options)
    : host_(host) {
    const std::filesystem::path folder = folder_of(name);
    // Relative, for it cuts long paths.
    std::string config =
        concat("sip_listen ", address,
               ":5060\naudio_path /usr/share/baresip\naudio_player aufile,heard.wav\n"
               "audio_source aufile,said.wav\naudio_alert aufile,ring.wav\n"
               "ausrc_srate 8000\nauplay_srate 8000\nrtp_ports 6000-6019\n"
               "module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n"
               "module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
               "ctrl_tcp_listen 127.0.0.1:4444\n");
    for (const std::string& module : options.modules)
        append(config, "module ", module, ".so\n");
    std::ofstream(folder / "config") << config;
    std::ofstream(folder / "accounts")
        << concat("<sip:", name, "@11.0.0.2;transport=", options.transport,
                  ">;regint=3600;answermode=auto;auth_pass=x", options.account, "\n");
    std::ofstream(folder / "contacts") << "";
    program_ = host.start({"sh", "-c", "cd \"$1\" && exec baresip -f .", "", folder.string()});
}

// As a netstring.
void Baresip::command(std::string_view text) const {
    TcpConnection control = host_.connect("127.0.0.1:4444", kSoon);
    control.send(concat(text.size(), ":", text, ","));
    // An answer: it has been read.
    (void)control.receive(kSoon);
}

void Baresip::dial(std::string_view who) {
    command(concat(R"({"command":"dial","params":"sip:)", who, R"(@11.0.0.2"})"));
}

void Baresip::hang_up() {
    command(R"({"command":"hangup"})");
}

void Baresip::transfer(std::string_view who) {
    command(concat(R"({"command":"transfer","params":"sip:)", who, R"(@11.0.0.2"})"));
}

void Baresip::hold() {
    command(R"({"command":"hold"})");
}

void Baresip::go_on() {
    command(R"({"command":"resume"})");
}

Linphone::Linphone(Host& host, std::string_view name, std::string_view transport) {
    const std::filesystem::path folder = folder_of(name);
    const bool tcp = transport == "tcp";
    std::filesystem::create_directories(folder / ".local/share/linphone");  // else it stands still
    std::ofstream(folder / "linphonerc")
        << concat("[sip]\nsip_port=", tcp ? "0" : "5060", "\nsip_tcp_port=", tcp ? "5060" : "0",
                  "\nsip_tls_port=0\nuse_ipv6=0\n"
                  "default_proxy=0\n[net]\nnat_policy_ref=none\n"
                  "[rtp]\naudio_rtp_port=6000\n[video]\ncapture=0\ndisplay=0\n"
                  "[misc]\nstore_friends=0\n"
                  "[proxy_0]\nreg_proxy=<sip:11.0.0.2;transport=",
                  transport, ">\nreg_identity=sip:", name,
                  "@11.0.0.2\nreg_expires=3600\nreg_sendregister=1\npublish=0\n"
                  "[audio_codec_0]\nmime=PCMA\nrate=8000\nchannels=1\nenabled=1\n");
    const std::filesystem::path fifo = folder / "commands";
    (void)::mkfifo(fifo.c_str(), 0600);
    commands_ = Fd(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
    program_ =
        host.start({"sh", "-c", "cd \"$1\" && exec linphonec -d 6 -a -S -c linphonerc <commands",
                    "", folder.string()},
                   {{"HOME", folder.string()}, {"TERM", "dumb"}});
    command("soundcard use files");
    command("play said.wav");
}

void Linphone::command(std::string_view text) const {
    const std::string line = concat(text, "\n");
    (void)!::write(commands_.number(), line.data(), line.size());
}

Verdict Linphone::is_registered() {
    return says("to [LinphoneRegistrationOk]");
}

Verdict Linphone::is_in_a_call() {
    return says_once_more("LinphoneCallConnected to LinphoneCallStreamsRunning");
}

Verdict Linphone::is_alone() {
    return says_once_more("LinphoneCallEnd to LinphoneCallReleased");
}

void Linphone::dial(std::string_view who) {
    command(concat("call sip:", who, "@11.0.0.2"));
}

void Linphone::hang_up() {
    command("terminate");
}

void Linphone::hold() {
    command("pause");
}

void Linphone::connect_both() {
    command("transfer 1 --to-call 2");
}

Verdict has_audio(const Capture& capture, std::string_view from, std::string_view to) {
    const auto matches = [source = concat(from, "/32"),
                          destination = concat(to, "/32")](const Packet& packet) {
        return packet.is_udp() && packet.payload().size() == 172 && packet.ip4_source_in(source) &&
               packet.ip4_destination_in(destination);
    };
    return eventually([&] { return capture.count(matches) > kEnough; }, kSoon);
}

}  // namespace gatehouse::lab
