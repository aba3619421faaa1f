#include "review_text.hpp"

#include <array>

namespace fealty::generator {
namespace {

struct Phrases {
  std::array<std::string_view, 4> openings, middles, endings;
  std::string_view language;
};

constexpr Phrases good{
    {"Excellent ", "Really love this ", "Great quality ", "Best "},
    {" purchase, arrived fast", " item, exactly as described", " find, works perfectly",
     " buy in years, well made"},
    {". Would buy again!", ". Highly recommended.", " and worth every cent.", ". Very happy."},
    "en"};
constexpr Phrases middling{{"Average ", "Decent ", "An ordinary ", "Okay "},
                           {" item, does the job", " product, nothing special",
                            " choice, a little overpriced", " thing, as expected"},
                           {".", ", delivery was slow.", ", could be better.", ", not bad."},
                           "en"};
constexpr Phrases bad{
    {"Terrible ", "Disappointing ", "Poor ", "Very cheap "},
    {" product, broke after a week", " item, arrived damaged", " quality, not as described",
     " purchase, stopped working"},
    {". Want my money back.", ". Avoid.", " and support never answered.", ". Waste of money."},
    "en"};
constexpr Phrases good_zh{
    {"非常好的 ", "很喜欢这个 ", "质量很棒的 ", "满意的 "},
    {" 商品，物流很快", " 产品，做工精细", " 东西，性价比高", " 商品，包装完好"},
    {"，推荐购买！", "，还会再来。", "，五星好评。", "，值得。"},
    "zh"};
constexpr Phrases bad_zh{
    {"很差的 ", "失望的 ", "劣质的 ", "不推荐的 "},
    {" 商品，用了一天就坏了", " 产品，与描述不符", " 东西，有异味", " 商品，包装破损"},
    {"，要求退款。", "，客服不理人。", "，浪费钱。", "，别买。"},
    "zh"};

}  // namespace

ReviewText review_text(std::uint32_t rating, Random& random) {
  const bool chinese = rating != 3 && random.chance(0.1);
  const Phrases& phrases = rating >= 4   ? (chinese ? good_zh : good)
                           : rating == 3 ? middling
                                         : (chinese ? bad_zh : bad);
  const auto pick = [&random](const std::array<std::string_view, 4>& from) {
    return from[random.below(4)];
  };
  const std::string_view opening = pick(phrases.openings);
  const std::string_view middle = pick(phrases.middles);
  return {opening, middle, pick(phrases.endings), phrases.language};
}

}  // namespace fealty::generator
