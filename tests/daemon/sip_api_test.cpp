// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the control API and the metrics tell of calls.
#include "gateway/daemon/sip_api.h"

#include <boost/test/unit_test.hpp>

#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

constexpr std::string_view kInvite =
    "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.20\r\nFrom: A <sip:a@x>;tag=1\r\n"
    "To: <sip:b@x>\r\nCall-ID: c\"1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.168.1.20>\r\n"
    "Content-Type: application/sdp\r\n\r\n"
    "v=0\r\no=a 1 1 IN IP4 192.168.1.20\r\nc=IN IP4 192.168.1.20\r\nm=audio 40000 RTP/AVP 8\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(sip_api)

BOOST_AUTO_TEST_CASE(a_call_is_a_row_with_its_media) {
    test::House house;
    sip::Alg alg({config::SipMode::automatic, {Port{5060}}}, *house.engine);
    BOOST_TEST(write_calls_json(alg) == "[]");
    const Endpoint4 phone = test::host(20, 5060);
    const Endpoint4 server{test::kServer, Port{5060}};
    house.send(phone, server);
    sip::Effects effects;
    alg.handle(sip::Datagram{1, true, phone, server, kInvite}, house.now, effects);
    BOOST_TEST(write_calls_json(alg) ==
               R"([{"call_id":"c\"1","from":"sip:a@x","to":"sip:b@x","state":"calling",)"
               R"("host":"192.168.1.20:5060","remote":"11.0.9.1:5060","help":"native",)"
               R"("reason":"edited","edited":1,"media":[{"inside":"192.168.1.20:40000",)"
               R"("outside":"11.0.0.1:40000","peer":null}]}])");
    BOOST_TEST(write_messages_json(alg, house.now + 3s)
                   .starts_with(R"([{"age":3,"proto":"udp","inside":"192.168.1.20:5060",)"
                                R"("direction":"out","remote":"11.0.9.1:5060",)"
                                R"("what":"INVITE sip:b@x SIP/2.0","call_id":"c\"1",)"
                                R"("reason":"edited","before":"INVITE sip:b@x SIP/2.0\r\n)"));
    Metrics metrics;
    update_sip_metrics(metrics, alg);
    update_sip_metrics(metrics, alg);
    BOOST_TEST(metrics.value(Metric::sip_messages, "edited") == 1);
    BOOST_TEST(metrics.value(Metric::sip_calls) == 1);
    BOOST_TEST(metrics.value(Metric::sip_streams) == 1);
    BOOST_TEST(metrics.value(Metric::sip_registrations) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
