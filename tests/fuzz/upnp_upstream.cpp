// SPDX-License-Identifier: GPL-2.0-or-later
//
// A gateway beyond this one that says whatever the input wants, in datagrams and documents, while
// ports are wanted and dropped and time passes. What must hold: nobody but that gateway is spoken
// to (and the group of searches), what is asked of it stays bounded, an address that is told is one
// of the internet, and no more places are held than are wanted.
//
// The input is a row of pieces: a byte that says what it is, one for its length, and its bytes. The
// texts %1 and %2 in it stand for a description and an address document, to lead the way.
#include <cstdlib>

#include "gateway/base/text.h"
#include "upnp/upstream.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::upnp;

constexpr Ip4 kOwn = Ip4::of(192, 168, 0, 50);
constexpr Ip4 kBeyond = Ip4::of(192, 168, 0, 1);

std::string whole(std::string_view body) {
    return concat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

class Driver {
  public:
    explicit Driver(Bytes bytes) : in_(bytes) {
        upstream_.set_link({"wan0", kOwn}, true, now_, out_);
        check();
    }

    bool step() {
        if (in_.remaining() < 2) return false;
        const std::uint8_t what = in_.u8();
        const std::size_t length = std::min<std::size_t>(in_.u8(), in_.remaining());
        const Bytes piece = in_.take(length);
        const std::string text(as_text(piece));
        const Upstream::Place place{what % 2 == 0 ? Proto::udp : Proto::tcp,
                                    Port{static_cast<std::uint16_t>(2000 + length % 8)}};
        switch (what % 8) {
            case 0: upstream_.handle(GatewaySeen{kBeyond}, now_, out_); break;
            case 1: datagram(kMappingPort, text); break;
            case 2: datagram(kSsdpPort, found(text)); break;
            case 3: document(text); break;
            case 4: upstream_.want(place, now_ + std::chrono::seconds(length + 1), now_); break;
            case 5: upstream_.drop(place, now_); break;
            case 6: datagram(kMappingPort, mapped(text)); break;
            default: now_ += std::chrono::milliseconds(10 + length * length); break;
        }
        upstream_.tick(now_, out_);
        check();
        return true;
    }

  private:
    static void must(bool holds) {
        if (!holds) std::abort();
    }
    void datagram(Port port, const std::string& bytes) {
        upstream_.handle(UpstreamDatagram{{kBeyond, port}, bytes}, now_, out_);
    }
    static std::string found(const std::string& text) {
        return concat(
            "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
            "LOCATION: http://192.168.0.1:80/",
            text, "\r\n\r\n");
    }
    // The answer to the last request of the gateway's own port, with some bytes changed.
    std::string mapped(const std::string& text) const {
        std::string out = last_sent_;
        if (out.size() < 2) return text;
        out[1] = static_cast<char>(out[1] | '\x80');
        if (out.size() >= 60) out.replace(2, 2, std::string(2, '\0'));
        for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
            out[static_cast<std::uint8_t>(text[i]) % out.size()] = text[i + 1];
        }
        return out;
    }
    void document(const std::string& text) {
        std::string answer = text;
        if (text == "%1") {
            answer = whole(
                "<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1"
                "</serviceType><controlURL>/c</controlURL></service></root>");
        } else if (text == "%2") {
            answer = whole(write_soap_answer("urn:x", "GetExternalIPAddress",
                                             {{"NewExternalIPAddress", "11.0.0.9"}}));
        }
        upstream_.handle(FetchDone{fetched_, answer}, now_, out_);
        if (fetched_ < last_fetch_) ++fetched_;
    }

    void check() {
        must(out_.upstream_sends.size() <= 64 && out_.fetches.size() <= 64);
        for (const UpstreamSend& one : out_.upstream_sends) {
            must(one.to.address == kBeyond || one.to == Endpoint4{kSsdpGroup, kSsdpPort});
            must(one.bytes.size() <= 1100);
            if (one.to.port == kMappingPort) last_sent_ = one.bytes;
        }
        for (const Fetch& one : out_.fetches) {
            must(one.to.address == kBeyond && one.message.size() <= 4096);
            must(one.message.find("\r\n\r\n") != std::string::npos);
            last_fetch_ = one.id;
            if (fetched_ == 0) fetched_ = one.id;
        }
        const auto facts = upstream_.facts(now_);
        must(facts.held <= facts.wanted && facts.wanted <= 16);
        if (const auto address = upstream_.address()) must(reach_of(*address) == Reach::public_);
        const auto next = upstream_.next_deadline();
        must(!next || *next <= now_ + 3h);
        out_.clear();
    }

    ByteReader in_;
    Instant now_{std::chrono::hours(1)};
    Effects out_;
    Upstream upstream_{{1, 2}};
    std::string last_sent_;
    std::uint32_t fetched_ = 0;
    std::uint32_t last_fetch_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse::upnp::upstream;
    const Bytes bytes(data, size);
    const std::string_view text = as_text(bytes);
    (void)parse_map_answer(bytes);
    (void)parse_soap_error(text);
    if (const auto document = parse_document(text)) {
        if (document->body.size() > kLongestDocument) std::abort();
    } else if (is_whole(text) && text.starts_with("HTTP/1.1 200 ") && size < kLongestDocument) {
        std::abort();
    }
    const Url from{{kBeyond, Port{80}}, "/d/root.xml"};
    if (const auto found = find_connection(text, from)) {
        const bool clean = found->control.path.find_first_of("\r\n ") == std::string::npos;
        if (found->control.server.address != kBeyond || !clean) std::abort();
    }
    Driver driver(bytes);
    while (driver.step()) {
    }
    return 0;
}
