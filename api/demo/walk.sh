#!/usr/bin/env bash
# The whole life of an order that is paid online, against a running `kirana serve --demo`:
#
#     bash api/demo/walk.sh ./data/demo.env
#
# Every call is printed with what came of it. Needs bash, curl, sed and grep.
set -euo pipefail

env_file="${1:-./data/demo.env}"
if [ ! -r "$env_file" ]; then
    echo "there is no $env_file: run \`kirana serve --demo\` first, and give the demo.env of its data directory" >&2
    exit 2
fi
# shellcheck disable=SC1090
. "$env_file"

# One run is one set of keys: a second run is a second order.
run="walk-$(date +%s)-$$"
answer=""

# call WHO METHOD PATH [BODY]: sends a request as somebody and keeps the answer.
call() {
    local who="$1" method="$2" path="$3" body="${4:-}" token="" status
    case "$who" in
        customer) token="$KIRANA_CUSTOMER" ;;
        packer) token="$KIRANA_PACKER" ;;
        rider) token="$KIRANA_RIDER" ;;
        support) token="$KIRANA_ADMIN" ;;
    esac
    local args=(-sS --max-time 20 -X "$method" -w '\n%{http_code}')
    [ -n "$token" ] && args+=(-H "Authorization: Bearer $token")
    [ "$method" = POST ] && args+=(-H "Idempotency-Key: $run-$(echo "$path" | tr -c 'A-Za-z0-9\n' '-' | tail -c 60)")
    [ -n "$body" ] && args+=(-H 'Content-Type: application/json' -d "$body")
    answer="$(curl "${args[@]}" "$KIRANA_URL$path")"
    status="${answer##*$'\n'}"
    answer="${answer%$'\n'*}"
    printf '%-9s %-5s %s -> %s\n' "$who" "$method" "$path" "$status"
    case "$status" in
        2*) ;;
        *) echo "$answer" >&2; exit 1 ;;
    esac
}

# text NAME / number NAME: the first such field of the answer that is in no list of items.
plain() { printf '%s' "$answer" | sed 's/"items":\[[^]]*\]//g'; }
text() { plain | grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | sed 's/.*":"//; s/"$//'; }
number() { plain | grep -o "\"$1\":-\{0,1\}[0-9]*" | head -n 1 | sed 's/.*://'; }
say() { printf '          %s\n' "$*"; }

echo "1. Browse"
call nobody GET "/v1/stores/$KIRANA_STORE/products?limit=3"
products="$(printf '%s' "$answer" | grep -o '"product_id":"[^"]*"' | sed 's/.*":"//; s/"$//')"
say "the first three: $(printf '%s' "$answer" | grep -o '"name":"[^"]*"' | sed 's/.*":"//; s/"$//' | paste -sd ';' - | sed 's/;/; /g')"

echo "2. Quote"
for quantity in 1 2 3 4 5; do
    items=""
    for product in $products; do
        items="$items${items:+,}{\"product_id\":\"$product\",\"quantity\":$quantity}"
    done
    call customer POST /v1/quotes "{\"store_id\":\"$KIRANA_STORE\",\"items\":[$items]}"
    printf '%s' "$answer" | grep -q BELOW_MINIMUM || break
done
total="$(number total_paise)"
say "$quantity of each: items $(number subtotal_paise), delivery $(number delivery_fee_paise), total $total paise"

echo "3. Cart, the same on every device"
for product in $products; do
    call customer PUT "/v1/cart/items/$product" "{\"store_id\":\"$KIRANA_STORE\",\"quantity\":$quantity}"
done

echo "4. Order what is in it, to be paid online"
call customer POST /v1/orders "{\"store_id\":\"$KIRANA_STORE\",\"items\":[$items],\"payment_method\":\"razorpay\",\"from_cart\":true,\"expected_total_paise\":$total,\"delivery_address\":{\"name\":\"Asha\",\"line1\":\"12, Hawakhana\",\"city\":\"Tura\",\"pincode\":\"794001\",\"phone\":\"+919876543210\",\"lat\":$KIRANA_LAT,\"lng\":$KIRANA_LNG}}"
order="$(text id)"
say "$(text order_number) is $(text status); its units are held until $(text hold_expires_at)"

echo "5. Go to pay"
call customer POST "/v1/orders/$order/payments"
razorpay_order="$(text order_id)"
say "the provider's order $razorpay_order over $(number amount) paise, attempt $(number attempt)"

if [ -z "$KIRANA_CHECKOUT" ]; then
    echo "Razorpay itself is configured: pay $razorpay_order in its checkout; the walk ends here." >&2
    exit 1
fi

echo "6. Pay, at the stand-in"
answer="$(curl -sS --max-time 20 "$KIRANA_CHECKOUT/pay" -d "{\"order_id\":\"$razorpay_order\",\"method\":\"upi\"}")"
payment="$(text razorpay_payment_id)"
signature="$(text razorpay_signature)"
[ -n "$payment" ] || { echo "$answer" >&2; exit 1; }
say "the checkout gave $payment and a signature"

echo "7. Bring the signature back"
call customer POST /v1/payments/razorpay/verify "{\"razorpay_order_id\":\"$razorpay_order\",\"razorpay_payment_id\":\"$payment\",\"razorpay_signature\":\"$signature\"}"
say "the order is $(text status), its payment $(text payment_status)"

echo "8. Accept, pack"
call packer POST "/v1/orders/$order/accept"
call packer POST "/v1/orders/$order/pack"
say "the order is $(text status)"

echo "9. Assign"
call support POST "/v1/orders/$order/assign" "{\"rider_id\":\"$KIRANA_RIDER_ID\",\"reason\":\"nearest to the store\"}"
call rider GET "/v1/orders?limit=5"
call rider POST "/v1/orders/$order/accept-assignment"

echo "10. Bring"
call rider POST "/v1/orders/$order/picked-up"
call rider POST "/v1/orders/$order/out-for-delivery"
call rider POST "/v1/orders/$order/delivered"
say "the order is $(text status)"

echo "11. Invoice"
call customer GET "/v1/orders/$order/invoice"
say "$(text title) $(text number) over $(printf '%s' "$answer" | grep -o '"total_paise":[0-9]*' | tail -n 1 | sed 's/.*://') paise"
curl -sS --max-time 20 -o /dev/null -w '          as a PDF: %{size_download} bytes of %{content_type}\n' \
    -H "Authorization: Bearer $KIRANA_CUSTOMER" "$KIRANA_URL/v1/orders/$order/invoice?format=pdf"

echo "12. What happened"
call support GET "/v1/orders/$order/history"
printf '%s' "$answer" | grep -o '"at":"[^"]*","event":"[^"]*"' | sed 's/"at":"\([^"]*\)","event":"\([^"]*\)"/          \1  \2/'
echo "Delivered: $order"
