//! The sentences of refusals, for the person who reads the phone: a catalogue by code.
//!
//! The app sorts refusals by phrases in their texts, and takes one without any for a lost
//! connection: it queues the order and shows success. So each sentence, in each language, has the
//! phrase of its row as it stands there. Where it is empty, nobody knows yet what came of the
//! request, and to send it again under the same key, as after a lost connection, is right.
//!
//! No sentence has a figure, an id or a name: those travel in members of their own.

use crate::http::language::Language;
use kirana_domain::CouponIssue;

/// A sentence in each language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// The words by which the app knows what kind of refusal it is.
    pub phrase: &'static str,
    english: &'static str,
    hindi: &'static str,
}

impl Sentence {
    /// Returns the sentence in a language.
    pub(crate) fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Hindi => self.hindi,
        }
    }
}

/// Writes a sentence for each name of a row: the phrase, English, Hindi.
macro_rules! sentences {
    ($($($name:ident)+ $phrase:literal $english:literal $hindi:literal;)*) => {
        $($(pub(super) static $name: Sentence =
            Sentence { phrase: $phrase, english: $english, hindi: $hindi };)+)*
    };
}

sentences! {
    // Mistakes of an app: nobody at the phone can do anything about them.
    MALFORMED_JSON HEADER_INVALID QUERY_INVALID KEY_MISSING KEY_INVALID KEY_REUSED ROUTE_UNKNOWN
    METHOD_NOT_ALLOWED NOT_ACCEPTABLE UPGRADE_REQUIRED BODY_TOO_LARGE MEDIA_TYPE VERSION_MISSING
    SIGNATURE_INVALID "payment method"
        "The app sent something that we could not use. Please update the app and try again. No payment method was charged."
        "ऐप ने कुछ ऐसा भेजा जो हम समझ नहीं पाए। कृपया ऐप अपडेट करके फिर कोशिश करें। किसी payment method से पैसे नहीं कटे।";
    CURSOR_INVALID "payment method"
        "This list has changed. Please open it again. No payment method was charged."
        "यह सूची बदल गई है। कृपया इसे फिर से खोलें। किसी payment method से पैसे नहीं कटे।";
    INVALID "payment method"
        "Some details are missing or not right. Please check them and try again. No payment method was charged."
        "कुछ जानकारी अधूरी या ग़लत है। कृपया उसे जाँचकर फिर कोशिश करें। किसी payment method से पैसे नहीं कटे।";

    // Who is asking.
    TOKEN_MISSING TOKEN_INVALID SIGN_IN_NEEDED "payment method"
        "Please sign in to go on. No payment method was charged."
        "आगे बढ़ने के लिए कृपया साइन इन करें। किसी payment method से पैसे नहीं कटे।";
    TOKEN_EXPIRED TOKEN_REVOKED "payment method"
        "You have been signed out. Please sign in again. No payment method was charged."
        "आप साइन आउट हो गए हैं। कृपया फिर से साइन इन करें। किसी payment method से पैसे नहीं कटे।";
    FORBIDDEN "payment method"
        "Your account may not do this. Nothing was changed, and no payment method was charged."
        "आपके खाते को इसकी अनुमति नहीं है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";

    // Things that are not there.
    STORE_UNKNOWN UNKNOWN_STORE "payment method"
        "We could not find this store. Please choose a store again. No payment method was charged."
        "यह दुकान नहीं मिली। कृपया फिर से दुकान चुनें। किसी payment method से पैसे नहीं कटे।";
    PRODUCT_UNKNOWN "payment method"
        "This store does not sell this product. No payment method was charged."
        "यह दुकान यह सामान नहीं बेचती। किसी payment method से पैसे नहीं कटे।";
    UNKNOWN_PRODUCT "payment method"
        "The store no longer sells one of the products in your basket. Please remove it and order again. No payment method was charged."
        "आपकी टोकरी का एक सामान यह दुकान अब नहीं बेचती। कृपया उसे हटाकर फिर ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";
    ZONE_UNKNOWN "payment method"
        "We could not find this delivery zone. No payment method was charged."
        "यह डिलीवरी ज़ोन नहीं मिला। किसी payment method से पैसे नहीं कटे।";
    ADDRESS_UNKNOWN "payment method"
        "This address is no longer in your address book. Please choose another one. No payment method was charged."
        "यह पता अब आपकी सूची में नहीं है। कृपया दूसरा पता चुनें। किसी payment method से पैसे नहीं कटे।";
    ENDPOINT_UNKNOWN "payment method"
        "We could not find this webhook endpoint. No payment method was charged."
        "यह webhook endpoint नहीं मिला। किसी payment method से पैसे नहीं कटे।";
    ORDER_UNKNOWN "payment method"
        "We could not find this order. Please look in your list of orders. No payment method was charged."
        "यह ऑर्डर नहीं मिला। कृपया अपने ऑर्डरों की सूची देखें। किसी payment method से पैसे नहीं कटे।";
    INVOICE_NOT_ISSUED "payment method"
        "There is no invoice yet: it is made when the order is packed, for every payment method."
        "बिल अभी नहीं बना है: हर payment method में वह ऑर्डर पैक होने पर बनता है।";
    CREDIT_NOTE_UNKNOWN "payment method"
        "There is no such credit note for this order. Any refund goes back to your payment method."
        "इस ऑर्डर का ऐसा कोई क्रेडिट नोट नहीं है। रिफ़ंड आपके payment method पर ही लौटता है।";

    // The basket and its price.
    BASKET_EMPTY "minimum order"
        "Your basket is empty. Please add a product: the minimum order is one."
        "आपकी टोकरी ख़ाली है। कृपया सामान जोड़ें: minimum order एक सामान है।";
    TOO_MANY_LINES "maximum order"
        "Your basket has more different products than the maximum order allows. Please remove some."
        "आपकी टोकरी में maximum order से ज़्यादा तरह के सामान हैं। कृपया कुछ हटाएँ।";
    QUANTITY_OUT_OF_RANGE "maximum order"
        "The quantity of a product is below one or above the maximum order quantity. Please change it."
        "किसी सामान की मात्रा एक से कम या maximum order मात्रा से ज़्यादा है। कृपया उसे बदलें।";
    OVER_MAX_PER_ORDER "maximum order"
        "You want more of a product than one order may have: its maximum order quantity is reached. Please take fewer."
        "आप एक सामान उसकी maximum order मात्रा से ज़्यादा लेना चाहते हैं। कृपया कम लें।";
    BELOW_MINIMUM "minimum order"
        "Your items are below the minimum order of this store. Please add some more."
        "आपका सामान इस दुकान के minimum order से कम है। कृपया कुछ और जोड़ें।";
    ABOVE_MAXIMUM "maximum order"
        "Your total is above the maximum order of this store. Please remove some items."
        "आपका कुल इस दुकान के maximum order से ज़्यादा है। कृपया कुछ सामान हटाएँ।";
    PRICE_CHANGED "payment method"
        "The total has changed since you saw it. Please check the new total and order again. No payment method was charged."
        "आपके देखने के बाद कुल क़ीमत बदल गई है। कृपया नई क़ीमत देखकर फिर ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";
    COUPON_REFUSED "payment method"
        "This coupon does not count for this order. Please order without it, or with another one. No payment method was charged."
        "यह कूपन इस ऑर्डर पर नहीं चलेगा। कृपया इसके बिना या दूसरे कूपन से ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";
    INSUFFICIENT_STOCK "insufficient stock"
        "There is insufficient stock of some items. Please take fewer of them, or remove them, and order again."
        "कुछ सामान उतना नहीं बचा है (insufficient stock)। कृपया उसे कम करें या हटाएँ, और फिर ऑर्डर करें।";
    ADJUST_BELOW_ZERO "insufficient stock"
        "There is insufficient stock: the correction takes more units than are available. Nothing was changed."
        "स्टॉक कम है (insufficient stock): सुधार उपलब्ध मात्रा से ज़्यादा घटाता है। कुछ नहीं बदला।";
    STOCK_OVERFLOW "payment method"
        "This count is too high to be right. Please check it. Nothing was changed, and no payment method was charged."
        "यह गिनती बहुत ज़्यादा है। कृपया जाँचें। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    SLOTS "payment method"
        "Delivery slots are not offered yet. Please order for delivery now. No payment method was charged."
        "डिलीवरी का समय चुनने की सुविधा अभी नहीं है। कृपया अभी की डिलीवरी के लिए ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";

    // The place and the time.
    POINT_MISSING "payment method"
        "Please show on the map where your door is, so that we know whether we deliver there. No payment method was charged."
        "कृपया नक़्शे पर अपना दरवाज़ा दिखाएँ, ताकि हम जान सकें कि वहाँ डिलीवरी होती है या नहीं। किसी payment method से पैसे नहीं कटे।";
    OUT_OF_ZONE "payment method"
        "This store does not deliver to your address. Please choose another address. No payment method was charged."
        "यह दुकान आपके पते पर डिलीवरी नहीं करती। कृपया दूसरा पता चुनें। किसी payment method से पैसे नहीं कटे।";
    STORE_CLOSED "payment method"
        "The store is closed now. Please order again when it opens. No payment method was charged."
        "दुकान अभी बंद है। कृपया खुलने पर फिर ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";
    SERVICE_SUSPENDED "payment method"
        "Deliveries have stopped because of the bad weather. Please order again later. No payment method was charged."
        "ख़राब मौसम के कारण डिलीवरी बंद है। कृपया बाद में फिर ऑर्डर करें। किसी payment method से पैसे नहीं कटे।";
    TOO_MANY_ADDRESSES "payment method"
        "Your address book is full. Please remove an address first. No payment method was charged."
        "आपकी पतों की सूची भर गई है। कृपया पहले कोई पता हटाएँ। किसी payment method से पैसे नहीं कटे।";

    // Payment.
    COD_LIMIT "cod order"
        "The total is too high for a cod order. Please choose another payment method, or order less."
        "cod order के लिए कुल बहुत ज़्यादा है। कृपया दूसरा payment method चुनें या कम ऑर्डर करें।";
    COD_TOO_MANY "cod order"
        "You have placed many orders within the hour, so this cannot be a cod order. Please choose another payment method, or wait a little."
        "आपने एक घंटे में कई ऑर्डर किए हैं, इसलिए यह cod order नहीं हो सकता। कृपया दूसरा payment method चुनें या थोड़ा रुकें।";
    UNPAID_ORDERS "payment method"
        "You have orders that are not paid yet. Please pay or cancel one of them, or choose another payment method."
        "आपके कुछ ऑर्डर का भुगतान बाकी है। कृपया किसी एक का भुगतान करें या उसे रद्द करें, या दूसरा payment method चुनें।";
    HOLDS_PAUSED "payment method"
        "Several of your orders were not paid in time. Please wait a little, or choose another payment method."
        "आपके कई ऑर्डर का समय पर भुगतान नहीं हुआ। कृपया थोड़ा रुकें, या दूसरा payment method चुनें।";
    OVER_MAX_OPEN "maximum order"
        "Your open orders have as much of a product as you may have at once: its maximum order quantity is reached. Please take fewer, or wait until they are delivered."
        "आपके चालू ऑर्डर में इस सामान की maximum order मात्रा पूरी हो गई है। कृपया कम लें, या उनके पहुँचने तक रुकें।";
    REFUND_TOO_SMALL "payment method"
        "Less than one rupee cannot go back to a payment method. Please give back more."
        "एक रुपये से कम रकम payment method पर वापस नहीं जा सकती। कृपया इससे ज़्यादा वापस करें।";
    ONLINE_MINIMUM "payment method"
        "The total is too low to be paid online. Please choose another payment method, or add something to your basket."
        "यह रकम ऑनलाइन भुगतान के लिए बहुत कम है। कृपया दूसरा payment method चुनें, या टोकरी में कुछ और जोड़ें।";
    ONLINE_OFF "payment method"
        "This store takes no online payments now. Please choose another payment method."
        "यह दुकान अभी ऑनलाइन भुगतान नहीं लेती। कृपया दूसरा payment method चुनें।";
    COD_RISK "cod order"
        "This cannot be a cod order. Please choose another payment method."
        "यह cod order नहीं हो सकता। कृपया दूसरा payment method चुनें।";
    PAYMENT_METHOD "payment method"
        "We do not know this payment method. Please choose another one."
        "यह payment method उपलब्ध नहीं है। कृपया दूसरा चुनें।";
    PAYMENTS_OFF "payment method"
        "This store takes no online payments now. Please choose cash on delivery as your payment method."
        "यह दुकान अभी ऑनलाइन भुगतान नहीं लेती। कृपया payment method में कैश ऑन डिलीवरी चुनें।";
    TOO_MANY_ATTEMPTS "payment method"
        "Payment was tried too often for this order. Please place a new order, with any payment method."
        "इस ऑर्डर का भुगतान बहुत बार आज़माया जा चुका है। कृपया नया ऑर्डर करें, किसी भी payment method से।";
    NOT_PAID_ONLINE "payment method"
        "The payment method of this order is cash on delivery, so nothing is paid or refunded online."
        "इस ऑर्डर का payment method कैश ऑन डिलीवरी है, इसलिए ऑनलाइन भुगतान या रिफ़ंड नहीं होता।";
    PAYMENT_UNKNOWN "payment method"
        "There is no such payment. Nothing was changed, and no payment method was charged."
        "ऐसा कोई भुगतान नहीं है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    PAYMENT_SETTLED "payment method"
        "This payment belongs to an order already. Nothing was changed, and no payment method was charged."
        "यह भुगतान पहले से किसी ऑर्डर का है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    PAYMENT_NOT_AWAITED "payment method"
        "The order does not wait for a payment of this amount. Nothing was changed, and no payment method was charged."
        "यह ऑर्डर इस रक़म के भुगतान का इंतज़ार नहीं कर रहा। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    REFUND_TOO_LARGE "payment method"
        "More is to be given back than is left of this payment. Nothing went back to the payment method."
        "वापस की जाने वाली रक़म इस भुगतान की बची रक़म से ज़्यादा है। payment method पर कुछ नहीं लौटा।";
    CASH_MISMATCH "cod order"
        "The cash is not what is due for this cod order. Please count it again."
        "नक़द इस cod order की रक़म के बराबर नहीं है। कृपया फिर से गिनें।";
    HOLD_NOT_OVER "payment method"
        "There is still time to pay for this order, with the payment method that was chosen."
        "चुने गए payment method से इस ऑर्डर का भुगतान करने का समय अभी बाक़ी है।";

    // An order on its way.
    NOT_CANCELLABLE "payment method"
        "This order can no longer be cancelled. Nothing was changed, and no payment method was charged again."
        "यह ऑर्डर अब रद्द नहीं हो सकता। कुछ नहीं बदला, और किसी payment method से दोबारा पैसे नहीं कटे।";
    ILLEGAL_MOVE "payment method"
        "This is not possible for the order as it is now. Nothing was changed, and no payment method was charged."
        "ऑर्डर की मौजूदा स्थिति में यह नहीं हो सकता। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    PROPOSAL_OPEN "payment method"
        "The customer has not answered yet whether a substitute is welcome. Nothing was changed, and no payment method was charged."
        "ग्राहक ने बदले के सामान पर अभी जवाब नहीं दिया है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    NO_SUBSTITUTES "payment method"
        "The customer wants no substitutes. Please mark the product as missing: the money goes back to the payment method."
        "ग्राहक बदले का सामान नहीं चाहता। कृपया सामान को उपलब्ध नहीं दर्ज करें: पैसे payment method पर लौट जाएँगे।";
    RIDER_UNKNOWN "payment method"
        "The store does not know this rider. Nothing was changed, and no payment method was charged."
        "दुकान इस राइडर को नहीं जानती। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    RIDER_OFF_SHIFT "payment method"
        "This rider is not at work now. Please choose another one. No payment method was charged."
        "यह राइडर अभी काम पर नहीं है। कृपया दूसरा चुनें। किसी payment method से पैसे नहीं कटे।";
    RIDER_FULL "payment method"
        "This rider has enough orders already. Please choose another one. No payment method was charged."
        "इस राइडर के पास पहले से पर्याप्त ऑर्डर हैं। कृपया दूसरा चुनें। किसी payment method से पैसे नहीं कटे।";
    TOO_MANY_RIDERS "payment method"
        "The store has too many riders to add another one. No payment method was charged."
        "दुकान में और राइडर नहीं जोड़े जा सकते। किसी payment method से पैसे नहीं कटे।";
    ALREADY_IN_ORDER "payment method"
        "The order has this product already. Please choose another one. No payment method was charged."
        "यह सामान ऑर्डर में पहले से है। कृपया दूसरा चुनें। किसी payment method से पैसे नहीं कटे।";
    LINE_UNKNOWN "payment method"
        "This product is not in the order. Nothing was changed, and no payment method was charged."
        "यह सामान ऑर्डर में नहीं है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    REASON_MISSING "payment method"
        "Please write a reason for this. Nothing was changed, and no payment method was charged."
        "कृपया इसका कारण लिखें। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    VERSION_MISMATCH "payment method"
        "This has changed since you opened it. Please look again before you go on. No payment method was charged."
        "आपके खोलने के बाद इसमें बदलाव हुआ है। आगे बढ़ने से पहले कृपया फिर देखें। किसी payment method से पैसे नहीं कटे।";

    // The shop's own work.
    STORE_EXISTS "payment method"
        "There is a store with this id or code already. Nothing was changed, and no payment method was charged."
        "इस id या कोड की दुकान पहले से है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    STORE_CHANGED "payment method"
        "Somebody else has just changed this store. Please look again and repeat your change. No payment method was charged."
        "किसी और ने अभी यह दुकान बदली है। कृपया फिर देखकर अपना बदलाव दोहराएँ। किसी payment method से पैसे नहीं कटे।";
    SKU_TAKEN "payment method"
        "Another product of the store has this SKU. Nothing was changed, and no payment method was charged."
        "दुकान के दूसरे सामान का यही SKU है। कुछ नहीं बदला, और किसी payment method से पैसे नहीं कटे।";
    TOO_MANY "payment method"
        "The store has as many of these as it may have. Please remove one first. No payment method was charged."
        "दुकान में ये पहले ही अधिकतम संख्या में हैं। कृपया पहले एक हटाएँ। किसी payment method से पैसे नहीं कटे।";
    COLUMNS_INVALID "payment method"
        "The columns of the file cannot be used as they are. Please correct them. No payment method was charged."
        "फ़ाइल के कॉलम ठीक नहीं हैं। कृपया उन्हें सुधारें। किसी payment method से पैसे नहीं कटे।";
    IMPORT_TOO_LONG "payment method"
        "The file has too many rows. Those before the limit were imported; please split the file. No payment method was charged."
        "फ़ाइल में बहुत ज़्यादा पंक्तियाँ हैं। सीमा तक की पंक्तियाँ आ गईं; कृपया फ़ाइल बाँटें। किसी payment method से पैसे नहीं कटे।";

    // Nothing was done, and it may go better in a moment.
    BODY_INCOMPLETE BODY_TOO_SLOW HEAD_TOO_SLOW "payment method"
        "Your connection was too weak to send this. Please try again. No payment method was charged."
        "आपका नेटवर्क कमज़ोर था, इसलिए यह हम तक नहीं पहुँचा। कृपया फिर कोशिश करें। किसी payment method से पैसे नहीं कटे।";
    CALLER_BUSY QUOTA_SPENT KEYS_USED_UP "payment method"
        "That was a lot at once. Please wait a moment and try again. No payment method was charged."
        "एक साथ बहुत कुछ हो गया। कृपया थोड़ा रुककर फिर कोशिश करें। किसी payment method से पैसे नहीं कटे।";
    STARTING OVERLOADED STOPPING KEYS_UNAVAILABLE "payment method"
        "The shop is very busy. Please try again in a moment. No payment method was charged."
        "दुकान पर अभी बहुत भीड़ है। कृपया थोड़ी देर में फिर कोशिश करें। किसी payment method से पैसे नहीं कटे।";

    // It is not known yet what came of it: the app is right to send it again under the same key.
    KEY_IN_PROGRESS "" "We are still working on this. Please wait a moment."
        "हम अभी इस पर काम कर रहे हैं। कृपया थोड़ा रुकें।";
    ORDER_TIMEOUT "" "We do not know yet whether your order was placed. It is sent again, and is placed only once."
        "अभी पता नहीं कि आपका ऑर्डर हुआ या नहीं। इसे फिर भेजा जाएगा, और ऑर्डर एक ही बार होगा।";
    INTERNAL ENGINE_FAILED DEADLINE_PASSED "" "We do not know yet whether this was done. It is sent again, and is done only once."
        "अभी पता नहीं कि यह हुआ या नहीं। इसे फिर भेजा जाएगा, और यह एक ही बार होगा।";
    DAMAGED "" "A part of our records is being repaired. Please try again later; nothing is done twice."
        "हमारे रिकॉर्ड का एक हिस्सा ठीक किया जा रहा है। कृपया बाद में फिर कोशिश करें; कुछ भी दो बार नहीं होगा।";

    // Why a coupon does not count.
    COUPON_UNKNOWN "payment method"
        "This store has no such coupon. Please check the code. No payment method was charged."
        "इस दुकान में ऐसा कोई कूपन नहीं है। कृपया कोड जाँचें। किसी payment method से पैसे नहीं कटे।";
    COUPON_NOT_YET "payment method"
        "This coupon is not valid yet. No payment method was charged."
        "यह कूपन अभी शुरू नहीं हुआ है। किसी payment method से पैसे नहीं कटे।";
    COUPON_OVER "payment method"
        "This coupon is no longer valid. No payment method was charged."
        "यह कूपन अब मान्य नहीं है। किसी payment method से पैसे नहीं कटे।";
    COUPON_BELOW_MINIMUM "minimum order"
        "Your items are below the minimum order of this coupon. Please add some more."
        "आपका सामान इस कूपन के minimum order से कम है। कृपया कुछ और जोड़ें।";
    COUPON_FIRST_ORDER "payment method"
        "This coupon is for a first order only. No payment method was charged."
        "यह कूपन सिर्फ़ पहले ऑर्डर के लिए है। किसी payment method से पैसे नहीं कटे।";
    COUPON_CUSTOMER_LIMIT "payment method"
        "You have used this coupon as often as you may. No payment method was charged."
        "आप यह कूपन अधिकतम बार इस्तेमाल कर चुके हैं। किसी payment method से पैसे नहीं कटे।";
    COUPON_USED_UP "payment method"
        "This coupon is used up. No payment method was charged."
        "यह कूपन ख़त्म हो चुका है। किसी payment method से पैसे नहीं कटे।";
}

/// Returns the sentence of the reason why a coupon does not count.
pub(crate) fn of_coupon(issue: &CouponIssue) -> &'static Sentence {
    match issue {
        CouponIssue::Unknown => &COUPON_UNKNOWN,
        CouponIssue::NotYet => &COUPON_NOT_YET,
        CouponIssue::Inactive | CouponIssue::Over => &COUPON_OVER,
        CouponIssue::BelowMinimum { .. } => &COUPON_BELOW_MINIMUM,
        CouponIssue::FirstOrderOnly => &COUPON_FIRST_ORDER,
        CouponIssue::CustomerLimit => &COUPON_CUSTOMER_LIMIT,
        CouponIssue::UsedUp | CouponIssue::BudgetSpent => &COUPON_USED_UP,
    }
}
