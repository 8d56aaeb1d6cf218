// SPDX-License-Identifier: GPL-2.0-or-later
//
// Twenty-four ordinary inputs at which the kernel's own helper for SIP was seen to fail, or not:
// the same rows through Gatehouse, where each must be right, and through the helper, which is
// printed beside it. Each row has a house of its own, because the helper keeps what it once heard.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   console .30 +
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr const char* kPhone = "192.168.1.20";
constexpr const char* kServer = "11.0.0.2:5060";
constexpr std::string_view kOwn = "IN IP4 192.168.1.20";

// What carries the messages of a row.
enum class By : std::uint8_t { gatehouse, helper };

class Scene {
  public:
    explicit Scene(By by) : soon(by == By::gatehouse ? Duration(10s) : Duration(400ms)) {
        if (by == By::gatehouse) {
            router_.emplace(house);
            return;
        }
        make_plain_router(house);
        add_kernel_helpers(house);
    }

    void want(bool holds, std::string_view what) {
        if (!holds) append(wrong, wrong.empty() ? "" : "; ", what);
    }
    // What arrives of it; "" for nothing.
    std::string through(const UdpSocket& from, std::string_view text) {
        from.send_to(kServer, text);
        const auto got = server.receive(soon);
        last_from = got ? got->from.to_string() : "nobody";
        if (!got) want(false, "dropped");
        return got ? got->data : std::string();
    }
    std::string out(std::string_view text) { return through(phone, text); }
    std::string back(const UdpSocket& to, std::string_view text) {
        if (last_from == "nobody") return {};
        server.send_to(last_from, text);
        const auto got = to.receive(soon);
        return got ? got->data : std::string();
    }
    // Whether what comes from there to this outside port arrives inside.
    bool comes_in(const UdpSocket& from, unsigned port, const UdpSocket& inside) const {
        if (port == 0 || port > 65535) return false;
        from.send_to(concat("11.0.0.1:", port), "media");
        return inside.receive(soon).value_or(Datagram{}).data == "media";
    }

    House house;
    Duration soon;
    std::string wrong;
    std::string last_from;
    UdpSocket server = house.internet.udp(kServer);
    UdpSocket phone = house.phone.udp("192.168.1.20:5060");

  private:
    std::optional<Router> router_;
};

std::string invite(std::string_view body) {
    return sip_request("INVITE", kPhone, "UDP", 1, body);
}

std::string described(std::string_view origin, std::string_view connection,
                      std::string_view media) {
    return concat("v=0\no=a 1 1 ", origin, "\ns=-\nc=", connection, "\nt=0 0\n", media);
}

bool has_right_length(std::string_view text) {
    const std::size_t body = text.find("\r\n\r\n");
    return body != std::string_view::npos &&
           number_after(text, "Content-Length: ") == text.size() - body - 4;
}

std::string body_of(std::string_view text) {
    const std::size_t at = text.find("\r\n\r\n");
    return at == std::string_view::npos ? std::string() : std::string(text.substr(at + 4));
}

std::string with(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void plain(Scene& scene) {
    const std::string got = scene.out(invite(sdp(kPhone, 40000)));
    scene.want(!has(with(got, concat("Call-ID: ", kPhone), ""), kPhone), "inside addresses");
    scene.want(has_right_length(got), "length");
    const UdpSocket rtp = scene.house.phone.udp("192.168.1.20:40000");
    const UdpSocket rtcp = scene.house.phone.udp("192.168.1.20:40001");
    const unsigned port = number_after(got, "m=audio ");
    scene.back(scene.phone, sip_answer("200 OK", got, sdp("11.0.0.2", 9000)));
    const UdpSocket media = scene.house.internet.udp("11.0.0.2:9000");
    scene.want(scene.comes_in(media, port, rtp), "no media");
    scene.want(scene.comes_in(media, port + 1, rtcp), "no reports");
    scene.house.internet.udp("11.0.0.4:9000").send_to(concat("11.0.0.1:", port), "stranger");
    scene.want(static_cast<bool>(rtp.stays_silent(100ms)), "a stranger comes in");
}

void without_length(Scene& scene) {
    std::string text = invite(sdp(kPhone, 40000));
    const std::size_t at = text.find("Content-Length");
    text.erase(at, text.find("\r\n", at) + 2 - at);
    const std::string got = scene.out(text);
    scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "not translated");
    scene.want(!has(got, "Content-Length"), "a length");
}

void odd_origins(Scene& scene) {
    for (const char* origin :
         {"IN IP4 phone.example", "IN IP4 anonymous.invalid", "IN IP6 fd00::7"}) {
        const std::string got =
            scene.out(invite(described(origin, kOwn, "m=audio 40000 RTP/AVP 8\n")));
        scene.want(has(got, concat("o=a 1 1 ", origin, "\r\n")), "the origin changed");
        scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "not translated");
    }
}

void odd_connections(Scene& scene) {
    for (const char* other : {"IN IP4 phone.example", "IN IP6 fd00::7"}) {
        const std::string text = invite(described(other, other, "m=audio 40000 RTP/AVP 8\n"));
        scene.want(body_of(scene.out(text)) == body_of(text), "the description changed");
    }
}

void low_port(Scene& scene) {
    const std::string got = scene.out(invite(sdp(kPhone, 900)));
    scene.want(has(got, "m=audio 900 "), "not as it was");
}

void multipart(Scene& scene) {
    const std::string part = sdp(kPhone, 40000);
    const std::string got = scene.out(sip_message(
        with(invite(""), "Content-Length: 0\r\n\r\n", ""),
        concat("--x\nContent-Type: application/sdp\n\n", part,
               "--x\nContent-Type: application/pidf+xml\n\n<a>192.168.1.20</a>\n--x--\n"),
        "multipart/mixed;boundary=x"));
    scene.want(has_right_length(got), "length");
    scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "not translated");
    scene.want(has(got, "<a>192.168.1.20</a>"), "the other part changed");
}

// Every stream is reached where the message says that it is.
void reach_all(Scene& scene, std::string_view got, std::initializer_list<const char*> lines,
               std::initializer_list<unsigned> inside) {
    scene.back(scene.phone, sip_answer("200 OK", got, sdp("11.0.0.2", 9000)));
    const UdpSocket media = scene.house.internet.udp("11.0.0.2:9000");
    auto port = inside.begin();
    std::string_view rest = got;
    for (const char* line : lines) {
        rest = rest.substr(std::min(rest.find(line), rest.size()));
        const UdpSocket socket = scene.house.phone.udp(concat("192.168.1.20:", *port++));
        scene.want(scene.comes_in(media, number_after(rest, line), socket),
                   concat("not reached: ", line));
        rest = rest.substr(std::min(rest.size(), std::size_t{1}));
    }
}

void five_streams(Scene& scene) {
    const std::string got = scene.out(invite(
        described(kOwn, kOwn,
                  "m=audio 40000 RTP/AVP 8\nm=video 40002 RTP/AVP 31\nm=audio 40004 RTP/AVP 8\n"
                  "m=audio 40006 RTP/AVP 8\nm=video 40008 RTP/AVP 31\n")));
    scene.want(!has(body_of(got), kPhone), "inside addresses");
    reach_all(scene, got, {"m=audio ", "m=video ", "m=audio ", "m=audio ", "m=video "},
              {40000, 40002, 40004, 40006, 40008});
}

// Streams over TCP stay closed: nobody outside connects to a host because a message says so.
void other_media(Scene& scene) {
    const std::string got = scene.out(
        invite(described(kOwn, kOwn,
                         "m=audio 40000 RTP/AVP 8\nm=text 40006 RTP/AVP 98\n"
                         "m=application 40010 UDP/BFCP *\nm=message 40014 TCP/MSRP *\n")));
    reach_all(scene, got, {"m=audio ", "m=text ", "m=application "}, {40000, 40006, 40010});
    const TcpListener listening = scene.house.phone.listen("192.168.1.20:40014");
    scene.want(!scene.house.internet.connect("11.0.0.1:40014", 300ms).is_alive(), "open for TCP");
}

void odd_port(Scene& scene) {
    const std::string got = scene.out(invite(sdp(kPhone, 40001)));
    const unsigned port = number_after(got, "m=audio ");
    scene.back(scene.phone, sip_answer("200 OK", got, sdp("11.0.0.2", 9000)));
    const UdpSocket media = scene.house.internet.udp("11.0.0.2:9000");
    const UdpSocket rtp = scene.house.phone.udp("192.168.1.20:40001");
    const UdpSocket rtcp = scene.house.phone.udp("192.168.1.20:40002");
    scene.want(scene.comes_in(media, port, rtp), "no media");
    scene.want(scene.comes_in(media, port + 1, rtcp), "no reports");
}

void candidates(Scene& scene) {
    const std::string text =
        invite(sdp(kPhone, 40000,
                   "a=ice-ufrag:u\na=ice-pwd:p\na=rtcp:40005 IN IP4 192.168.1.20\n"
                   "a=candidate:1 1 UDP 1 192.168.1.20 40000 typ host\n"));
    scene.want(body_of(scene.out(text)) == body_of(text), "the default is no candidate any more");
}

void hold(Scene& scene) {
    const std::string got = scene.out(
        invite(described(kOwn, "IN IP4 0.0.0.0", "m=audio 40000 RTP/AVP 8\na=sendonly\n")));
    scene.want(has(got, "c=IN IP4 0.0.0.0\r\n"), "the hold changed");
    scene.want(!has(got, "o=a 1 1 IN IP4 0.0.0.0"), "the origin is nobody");
}

void odd_names(Scene& scene) {
    const std::string contact = concat("<sip:a@", kPhone, ":5060>");
    for (const std::string& instead :
         {concat("<sips:a@", kPhone, ">"), concat("<sip:a@", kPhone, ":6000>")}) {
        const std::string got = scene.out(with(invite(sdp(kPhone, 40000)), contact, instead));
        scene.want(!has(got, concat("a@", kPhone)), concat("left inside: ", instead));
    }
    std::string got = scene.out(with(invite(sdp(kPhone, 40000)), "SIP/2.0/UDP 192.168.1.20:5060",
                                     "SIP / 2.0 / UDP\r\n 192.168.1.20 : 5060"));
    scene.want(!has(got, "UDP\r\n 192.168.1.20"), "left inside: Via with blanks");
    got = scene.out(with(invite(sdp(kPhone, 40000)), "UDP 192.168.1.20:5060", "UDP phone.lan"));
    scene.want(has(got, "UDP phone.lan;"), "a name changed");
    scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "not translated behind a name");
}

void two_contacts(Scene& scene) {
    const std::string got = scene.out(
        with(sip_request("REGISTER", kPhone, "UDP", 1), concat("<sip:a@", kPhone, ":5060>"),
             concat("<sip:a@", kPhone, ":5060>, <sip:b@", kPhone, ":5060>;q=0.5")));
    scene.want(has(got, "<sip:a@11.0.0.1:") && has(got, "<sip:b@11.0.0.1:"), "left inside");
}

void another_port(Scene& scene) {
    const UdpSocket sending = scene.house.phone.udp("192.168.1.20:6060");
    const std::string text = sip_request("REGISTER", kPhone, "UDP", 1);
    const std::string got = scene.through(sending, text);
    scene.want(!has(got, concat("a@", kPhone)), "left inside");
    scene.want(
        has(scene.back(sending, sip_answer("200 OK", got)), "Contact: <sip:a@192.168.1.20:5060>"),
        "the phone does not find its own");
}

void same_media_port(Scene& scene) {
    const UdpSocket second = scene.house.console.udp("192.168.1.30:5060");
    const std::string a = scene.out(invite(sdp(kPhone, 41000)));
    scene.back(scene.phone, sip_answer("200 OK", a, sdp("11.0.0.2", 9000)));
    const std::string b = scene.through(
        second, sip_request("INVITE", "192.168.1.30", "UDP", 1, sdp("192.168.1.30", 41000)));
    scene.back(second, sip_answer("200 OK", b, sdp("11.0.0.2", 9000)));
    const UdpSocket media = scene.house.internet.udp("11.0.0.2:9000");
    const UdpSocket first_rtp = scene.house.phone.udp("192.168.1.20:41000");
    const UdpSocket second_rtp = scene.house.console.udp("192.168.1.30:41000");
    scene.want(scene.comes_in(media, number_after(a, "m=audio "), first_rtp), "no first media");
    scene.want(scene.comes_in(media, number_after(b, "m=audio "), second_rtp), "no second media");
}

void same_signalling_port(Scene& scene) {
    const UdpSocket second = scene.house.console.udp("192.168.1.30:5060");
    for (const UdpSocket* from : {static_cast<const UdpSocket*>(&scene.phone), &second}) {
        const std::string address = from == &second ? "192.168.1.30" : kPhone;
        const std::string got = scene.through(*from, sip_request("REGISTER", address, "UDP", 1));
        scene.want(has(got, concat("Via: SIP/2.0/UDP ", scene.last_from)) &&
                       has(got, concat("Contact: <sip:a@", scene.last_from)),
                   "not where it comes from");
        scene.want(has(scene.back(*from, sip_answer("200 OK", got)),
                       concat("Contact: <sip:a@", address, ":5060>")),
                   "no way back");
    }
}

void media_from_elsewhere(Scene& scene) {
    const std::string got = scene.out(invite(sdp(kPhone, 40000)));
    const unsigned port = number_after(got, "m=audio ");
    scene.back(scene.phone, sip_answer("183 Session Progress", got, sdp("11.0.0.3", 9000)));
    const UdpSocket media = scene.house.internet.udp("11.0.0.3:9000");
    const UdpSocket rtp = scene.house.phone.udp("192.168.1.20:40000");
    scene.want(scene.comes_in(media, port, rtp), "no early media");
    rtp.send_to("11.0.0.3:9000", "back");
    scene.want(media.receive(scene.soon).value_or(Datagram{}).from.to_string() ==
                   concat("11.0.0.1:", port),
               "leaves from another port");
}

void within_the_house(Scene& scene) {
    const UdpSocket bob = scene.house.console.udp("192.168.1.30:5060");
    scene.through(bob, sip_request("REGISTER", "192.168.1.30", "UDP", 1));
    const std::string at_bob = scene.last_from;
    const std::string offered = scene.out(invite(sdp(kPhone, 40000)));
    const std::string at_alice = scene.last_from;
    scene.server.send_to(at_bob, with(offered, "sip:bob@11.0.0.2", concat("sip:b@", at_bob)));
    const std::string invited = bob.receive(scene.soon).value_or(Datagram{}).data;
    const std::string answered =
        scene.through(bob, sip_answer("200 OK", invited, sdp("192.168.1.30", 42000)));
    scene.server.send_to(at_alice, answered);
    const std::string accepted = scene.phone.receive(scene.soon).value_or(Datagram{}).data;
    // Each sends to where the other one's description says.
    const auto where = [](const std::string& text) {
        const std::size_t at = text.find("c=IN IP4 ");
        const std::string rest = at == std::string::npos ? "" : text.substr(at + 9);
        return concat(rest.substr(0, rest.find('\r')), ":", number_after(text, "m=audio "));
    };
    const UdpSocket a = scene.house.phone.udp("192.168.1.20:40000");
    const UdpSocket b = scene.house.console.udp("192.168.1.30:42000");
    if (accepted.empty() || invited.empty()) return scene.want(false, "no signalling");
    a.send_to(where(accepted), "a");
    scene.want(b.receive(scene.soon).value_or(Datagram{}).data == "a", "no media to the console");
    b.send_to(where(invited), "b");
    scene.want(a.receive(scene.soon).value_or(Datagram{}).data == "b", "no media to the phone");
}

void growing(Scene& scene) {
    const UdpSocket other = scene.house.console.udp("192.168.1.30:5060");
    scene.through(other, sip_request("REGISTER", "192.168.1.30", "UDP", 1));
    // The other phone has the port, so names without one become longer, by one of four digits, too.
    std::string contacts = "<sip:a@192.168.1.20>";
    for (int i = 0; i < 20; ++i)
        append(contacts, ", <sip:", i, "@192.168.1.20>");
    std::string text = with(invite(sdp(kPhone, 40000)), "<sip:a@192.168.1.20:5060>", contacts);
    const std::string filling(1472 - text.size() - 5, 'x');
    text.insert(text.find("Content-Type"), concat("X: ", filling, "\r\n"));
    const std::string got = scene.out(text);
    scene.want(got.size() > text.size(), "did not grow");
    scene.want(got.ends_with("m=audio 40000 RTP/AVP 8\r\n"), "cut");
}

// A connection over TCP and what arrives of a text that is sent in two pieces.
std::string over_tcp(Scene& scene, std::string_view text, std::size_t at) {
    const TcpListener server = scene.house.internet.listen(kServer);
    TcpConnection phone = scene.house.phone.connect(kServer, 5s, At("192.168.1.20:0"));
    auto far = server.accept(10s);
    if (!far) return {};
    phone.send(text.substr(0, at));
    // A piece of its own on the wire: confirmed by the other end before the next one goes.
    (void)eventually(
        [&] {
            return scene.house.phone.run({"ss", "-Htn", "dport", "=", "5060"}).says(" 0 ");
        },
        2s);
    phone.send(text.substr(at));
    std::string got;
    while (const auto some = far->receive(got.empty() ? Duration(10s) : Duration(300ms))) {
        if (some->empty()) break;
        got += *some;
        if (has_right_length(got)) break;
    }
    return got;
}

void split_tcp(Scene& scene) {
    const std::string text = sip_request("INVITE", kPhone, "TCP", 1, sdp(kPhone, 40000));
    for (const std::size_t at : {text.find("c=IN"), text.find("From:")}) {
        const std::string got = over_tcp(scene, text, at);
        scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "description left inside");
        scene.want(has(got, "Contact: <sip:a@11.0.0.1:"), "Contact left inside");
    }
}

void tcp_alias(Scene& scene) {
    const std::string text = sip_request("INVITE", kPhone, "TCP", 1, sdp(kPhone, 40000));
    const std::string got = over_tcp(scene, text, text.size());
    scene.want(!has(got, "TCP 192.168.1.20") && !has(got, "a@192.168.1.20"), "left inside");
    scene.want(has(got, "c=IN IP4 11.0.0.1\r\n"), "not translated");
}

void slipstream(Scene& scene) {
    const TcpListener server = scene.house.internet.listen(kServer);
    TcpConnection browser = scene.house.phone.connect(kServer);
    auto far = server.accept(10s);
    if (!far) return scene.want(false, "no connection");
    const std::string post =
        "POST / HTTP/1.1\r\nHost: 11.0.0.2:5060\r\nContent-Length: 999\r\n\r\n";
    browser.send(post);
    scene.want(far->receive_exactly(post.size()) == post, "changed");
    const std::string text = with(sip_request("REGISTER", kPhone, "TCP", 1), ":5060>",
                                  ":8099;transport=tcp>;expires=3600");
    browser.send(text);
    const std::string got = far->receive_exactly(text.size(), scene.soon);
    far->send(sip_answer("200 OK", got));
    browser.receive(scene.soon);
    const TcpListener victim = scene.house.phone.listen("192.168.1.20:8099");
    const unsigned port = number_after(got, "Contact: <sip:a@11.0.0.1:");
    for (const unsigned way_in : {8099U, port == 0 ? 5060U : port}) {
        const TcpConnection attack =
            scene.house.internet.connect(concat("11.0.0.1:", way_in), 500ms, At("11.0.0.2:0"));
        scene.want(!attack.is_alive(), "the attacker is in");
    }
}

void already_outside(Scene& scene) {
    std::string text = sip_request("INVITE", "11.0.0.1", "UDP", 1, sdp("11.0.0.1", 40000));
    scene.want(scene.out(text) == text, "changed");
    const UdpSocket rtp = scene.house.phone.udp("192.168.1.20:40000");
    scene.house.internet.udp("11.0.0.2:9000").send_to("11.0.0.1:40000", "knock");
    scene.want(static_cast<bool>(rtp.stays_silent(100ms)), "a port was opened");
}

// The messages of tests/alg/messages/torture.txt; "\xNN" is a byte.
std::vector<std::pair<std::string, std::string>> torture() {
    std::vector<std::pair<std::string, std::string>> out;
    std::ifstream in(GATEHOUSE_SOURCE "/tests/alg/messages/torture.txt");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("== ")) {
            out.emplace_back(line.substr(3, line.find(':') - 3), "");
            continue;
        }
        std::string bytes;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const bool byte = line.compare(i, 2, "\\x") == 0 && i + 3 < line.size();
            if (byte) bytes += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
            if (!byte) bytes += line[i];
            if (byte) i += 3;
        }
        if (!out.empty()) append(out.back().second, bytes, "\r\n");
    }
    return out;
}

void torture_messages(Scene& scene) {
    const auto all = torture();
    scene.want(all.size() >= 30, "no messages");
    for (const auto& [name, text] : all) {
        scene.phone.send_to(kServer, text);
        const auto got = scene.server.receive(scene.soon);
        scene.want(got.has_value(), concat("dropped: ", name));
        scene.want(!got || got->data == text, concat("changed: ", name));
    }
}

struct Row {
    int number;
    const char* what;
    void (*play)(Scene&);
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.number << " " << row.what;
}

constexpr Row kRows[] = {
    {1, "a plain INVITE", plain},
    {2, "an INVITE without Content-Length", without_length},
    {3, "o= with a name or IPv6 beside c= with IPv4", odd_origins},
    {4, "c= with a name or IPv6", odd_connections},
    {5, "a media port below 1024", low_port},
    {6, "a description within a multipart", multipart},
    {7, "five streams", five_streams},
    {8, "audio, text, BFCP and MSRP", other_media},
    {9, "an odd RTP port", odd_port},
    {10, "a=rtcp and ICE candidates", candidates},
    {11, "hold with c=0.0.0.0", hold},
    {12, "odd Contacts and Vias", odd_names},
    {13, "a REGISTER with two Contacts", two_contacts},
    {14, "a REGISTER from another port than it names", another_port},
    {15, "two phones with the same RTP port", same_media_port},
    {16, "two phones with the same SIP port", same_signalling_port},
    {17, "RTP from another address than the signalling", media_from_elsewhere},
    {18, "a call within the house by a registrar outside", within_the_house},
    {19, "an INVITE that grows beyond 1500 bytes", growing},
    {20, "TCP split within body and header", split_tcp},
    {21, "TCP from a port of its own with Via and Contact on 5060", tcp_alias},
    {22, "a REGISTER within an HTTP POST", slipstream},
    {23, "a client that names its outside address", already_outside},
    {24, "the messages of RFC 4475", torture_messages},
};

std::string result_of(const Row& row, By by) {
    Scene scene(by);
    row.play(scene);
    return scene.wrong;
}

}  // namespace

BOOST_DATA_TEST_CASE(a_row_at_which_the_kernel_was_seen_to_fail_is_right,
                     boost::unit_test::data::make(kRows)) {
    const std::string ours = result_of(sample, By::gatehouse);
    const std::string theirs = result_of(sample, By::helper);
    const auto word = [](const std::string& wrong) { return wrong.empty() ? "ok" : wrong; };
    std::cout << "row " << sample << " -> " << word(ours) << " (kernel helper: " << word(theirs)
              << ")\n";
    BOOST_TEST(ours.empty(), ours);
}
