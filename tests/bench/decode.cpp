
#include "fealty/base/arena.hpp"
#include "fealty/codec/decoder.hpp"
#include "measures.hpp"

namespace fealty::bench {
namespace {

constexpr std::size_t batch_records = 4096;  // texts live as long as a batch, as in a replay

}  // namespace

Pass decode(const LogFile& log) {
  static_assert(LogFile::padding_bytes >= codec::padding_bytes);
  const codec::Mapping mapping = codec::cloudevents_mapping();
  codec::Decoder decoder{mapping};
  Arena texts;
  event::Event event;
  Pass pass;
  const Timer timer;
  for (std::size_t row = 0; row < log.lines.size(); ++row) {
    if (row % batch_records == 0) texts.reset();
    if (decoder.decode(log.lines[row], {}, row, texts, event)) {
      pass.checksum += event.member_hash;
    } else {
      ++pass.refused;
    }
  }
  timer.stop(pass);
  pass.events = log.lines.size();
  return pass;
}

}  // namespace fealty::bench
