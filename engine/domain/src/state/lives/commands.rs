//! Commands by chance.

use super::*;
use crate::cart::CartCommand;
use crate::customers::Buyer;
use crate::order::{Placement, Preference, RefundOf, Substitute, place};
use crate::{Basket, BasketLine, Pricing, Quote, Served, StockLine, Weather};

impl Life {
    /// Takes one more step of the life.
    pub(super) fn goes_on(&mut self) {
        self.now_ms += i64::try_from(self.dice.below(4 * 60_000)).unwrap();
        match self.dice.below(40) {
            0..6 => self.somebody_orders(),
            6..10 => self.somebody_pays(),
            10..14 => self.provider_tells(),
            14..18 => self.outbox_works(),
            18 => self.provider.goes_on(&mut self.dice),
            19 if self.dice.one_in(3) => self.provider.gives_back(&mut self.dice),
            20 | 25 => self.stock_moves(),
            21 | 22 => self.cart_changes(),
            23 => self.cash_is_handed_over(),
            24 => self.time_passes(),
            _ => self.somebody_commands(),
        }
    }

    fn time_passes(&mut self) {
        let minutes = match self.dice.below(20) {
            0 => 6 * 24 * 60,
            1..5 => 60,
            _ => 17,
        };
        self.now_ms += minutes * 60_000;
        for id in self.orders.clone() {
            _ = self.command(id, &OrderCommand::Expire, Principal::SYSTEM);
        }
    }

    fn basket(&mut self) -> Vec<(u64, u32)> {
        let first = 1 + self.dice.below(PRODUCTS);
        let mut lines = vec![(first, 1 + u32::try_from(self.dice.below(4)).unwrap())];
        for n in (1..=PRODUCTS).filter(|n| *n != first) {
            if self.dice.one_in(3) {
                lines.push((n, 1 + u32::try_from(self.dice.below(3)).unwrap()));
            }
        }
        lines
    }

    fn somebody_orders(&mut self) {
        let customer_id = customer(self.dice.below(3).into());
        let from_cart = self.dice.one_in(3);
        let cart = self.state.people.carts.get(customer_id, STORE);
        let lines: Vec<(ProductId, u32)> = if let Some(cart) = cart.filter(|_| from_cart) {
            cart.lines.iter().map(|(id, line)| (*id, line.quantity)).collect()
        } else {
            let lines = self.basket().into_iter();
            lines.map(|(n, quantity)| (product_id(n), quantity)).collect()
        };
        let line = |(product_id, quantity)| BasketLine { product_id, quantity };
        let lines = lines.into_iter().map(line).collect();
        let payment_method = if self.dice.one_in(3) { Cod } else { Razorpay };
        let code = self.dice.one_in(2).then(|| coupon_code(1 + self.dice.below(3)));
        let preference = *self
            .dice
            .pick(&[Preference::Refund, Preference::Swap, Preference::Ask, Preference::Ask])
            .unwrap();
        let placed = self.places((customer_id, payment_method), lines, code, |mut placement| {
            (placement.preference, placement.from_cart) = (preference, from_cart);
            placement
        });
        if let Err(rejection) = placed {
            *self.refused.entry(rejection.code()).or_default() += 1;
        }
    }

    fn places(
        &mut self,
        (customer_id, payment_method): (PersonId, crate::PaymentMethod),
        lines: Vec<BasketLine>,
        code: Option<CouponCode>,
        with: impl FnOnce(Placement) -> Placement,
    ) -> Result<(), Rejection> {
        let basket = Basket::parse(lines)?;
        let at_ms = self.now_ms;
        let store = Arc::clone(self.state.catalogue.store(STORE).unwrap());
        let coupon = code.and_then(|code| self.state.coupons.get(STORE, &code).cloned());
        let (coupon, catalogue) = (coupon.as_deref(), &self.state.catalogue);
        let weather = if at_ms % 3 == 0 { Weather::Bad } else { Weather::Normal };
        let quote =
            Quote::price(&basket, &Pricing { store: &store, catalogue, coupon, weather, at_ms })?;
        let customer = self.state.people.customers.get(customer_id);
        if let Some(coupon) = coupon {
            let uses = self.state.coupons.uses(STORE, &coupon.code);
            let facts = uses.facts(customer_id, customer.standing(), quote.sums.subtotal, at_ms);
            coupon
                .check(&facts, quote.sums.discount)
                .map_err(|issue| Rejection::Coupon { issue })?;
        }
        let buyer = Buyer { customer, in_flight: 0, at_ms };
        quote.check(&store, quote.sums.total, Some(payment_method), &buyer)?;
        let units = |line: &OrderLine| StockLine { product_id: line.item.id, units: line.quantity };
        let wanted: Vec<_> = quote.lines.iter().map(units).collect();
        if !self.take(&wanted) {
            return Err(Rejection::InsufficientStock { issues: Vec::new() });
        }
        let number = self.state.orders.last_number(STORE) + 1;
        let served = Served { zone_id: None, weather, promise: (15, 30) };
        let placement =
            Placement { customer_id, served, ..crate::samples::placement(number, payment_method) };
        let event = place(with(placement), quote, &store, at_ms);
        self.orders.push(order_id(number));
        let by = Principal { person_id: customer_id, ..person(Role::Customer) };
        self.append(vec![event], by);
        Ok(())
    }

    fn some_order(&mut self) -> Option<OrderId> {
        // Mostly a young one: something happens there.
        let from = self.orders.len().saturating_sub(if self.dice.one_in(4) { 100 } else { 5 });
        self.dice.pick(&self.orders[from..]).copied()
    }

    fn somebody_pays(&mut self) {
        let Some(id) = self.some_order() else { return };
        let (order, _) = self.order(id).unwrap();
        self.provider.pays(&order, &mut self.dice);
    }

    fn provider_tells(&mut self) {
        if let Some((id, report)) = self.provider.tells(&mut self.dice) {
            self.command(id, &OrderCommand::Report(report), Principal::SYSTEM).unwrap();
        }
    }

    fn outbox_works(&mut self) {
        for id in self.orders.clone() {
            let (order, _) = self.order(id).unwrap();
            let due = order.due_effects();
            if let Some(effect) = self.dice.pick(&due) {
                let command = match self.provider.does(&order, effect, &mut self.dice) {
                    Ok(report) => OrderCommand::Report(report),
                    Err(trouble) => trouble,
                };
                self.command(id, &command, Principal::SYSTEM).unwrap();
            }
        }
    }

    fn stock_moves(&mut self) {
        let n = 1 + self.dice.below(PRODUCTS);
        let units = 1 + u32::try_from(self.dice.below(5)).unwrap();
        let available = self.state.stock.get(STORE, product_id(n)).available;
        let event = match self.dice.below(3) {
            0 if available >= i64::from(units) => adjusted(n, -i32::try_from(units).unwrap()),
            _ => received(n, units),
        };
        self.append(vec![event], person(Role::Packer));
    }

    fn cart_changes(&mut self) {
        let customer_id = customer(self.dice.below(3).into());
        let product_id = product_id(1 + self.dice.below(PRODUCTS));
        let quantity = u32::try_from(self.dice.below(5)).unwrap();
        let cart = self.state.people.carts.get(customer_id, STORE).cloned().unwrap_or_default();
        let seen = cart.version;
        let command = match self.dice.below(6) {
            0 => CartCommand::Add { product_id, units: 3 - i32::try_from(quantity).unwrap() },
            1 => CartCommand::Merge { lines: vec![(product_id, quantity)] },
            2 => CartCommand::Replace { lines: vec![(product_id, quantity)], seen },
            3 if self.dice.one_in(3) => CartCommand::Clear { seen: Some(Lsn(seen.0 + 1)) },
            _ => CartCommand::Set { product_id, quantity, seen: None },
        };
        if let Ok(lines) = cart.decide(&command)
            && !lines.is_empty()
        {
            let event = Event::CartChanged { customer_id, store_id: STORE, lines };
            self.append(vec![event], person(Role::Customer));
        }
    }

    fn cash_is_handed_over(&mut self) {
        let rider_id = rider(self.dice.below(2).into());
        let counted = self.cash.get(&rider_id).copied().unwrap_or_default();
        let by = person(Role::Packer);
        let decided = self.state.people.cash.decide_handover((STORE, rider_id), counted, None, &by);
        assert_eq!(decided.is_ok(), counted > Paise::ZERO, "the rider has what we counted");
        if let Ok(event) = decided {
            self.cash.remove(&rider_id);
            self.append(vec![event], by);
        }
    }

    fn somebody_commands(&mut self) {
        let Some(id) = self.some_order() else { return };
        let (order, _) = self.order(id).unwrap();
        if self.dice.one_in(3) {
            let command = self.some_command(&order);
            let by = self.somebody(&order);
            _ = self.command(id, &command, by);
        } else if let Some((role, command)) = self.next_step(&order) {
            let person_id = match role {
                Role::Customer => order.placed.customer_id,
                Role::Rider => order.rider().unwrap().person_id,
                role => person(role).person_id,
            };
            _ = self.command(id, &command, Principal { person_id, ..person(role) });
        }
    }

    /// Returns the command that brings an order on its way, and the role that gives it.
    fn next_step(&mut self, order: &Order) -> Option<(Role, OrderCommand)> {
        let (reason, rider_id) = (None, rider(self.dice.below(2).into()));
        Some(match order.status {
            Status::PendingPayment => (Role::Customer, OrderCommand::StartPayment),
            Status::Placed => (Role::Packer, OrderCommand::Accept { reason }),
            Status::Accepted if self.dice.one_in(4) => {
                (Role::Packer, OrderCommand::Pack { reason })
            }
            Status::Packed | Status::DeliveryFailed => {
                (Role::Admin, OrderCommand::Assign { rider_id, reason: Some(super::reason()) })
            }
            Status::Assigned => (Role::Rider, OrderCommand::PickUp { reason }),
            Status::PickedUp => (Role::Rider, OrderCommand::SetOut { reason }),
            Status::OutForDelivery if self.dice.one_in(6) => {
                (Role::Rider, OrderCommand::Fail { reason: text("nobody was there") })
            }
            Status::OutForDelivery => {
                (Role::Rider, OrderCommand::Deliver { cash: order.cash_due(), reason })
            }
            _ => return None,
        })
    }

    /// Returns a person by chance: mostly one whose own order it is.
    fn somebody(&mut self, order: &Order) -> Principal {
        let roles = [
            Role::Customer,
            Role::Packer,
            Role::Packer,
            Role::Rider,
            Role::Rider,
            Role::Support,
            Role::Admin,
        ];
        let by = person(*self.dice.pick(&roles).unwrap());
        let person_id = match by.role {
            Role::Customer if !self.dice.one_in(8) => order.placed.customer_id,
            Role::Rider => order.rider().map_or(rider(0), |rider| rider.person_id),
            _ => by.person_id,
        };
        Principal { person_id, ..by }
    }

    fn some_command(&mut self, order: &Order) -> OrderCommand {
        let always: Reason = text("because");
        let reason = (!self.dice.one_in(6)).then(super::reason);
        let lines = order.lines();
        let line = self.dice.pick(lines).cloned();
        let product_id = line.as_ref().map_or(product_id(1), |line| line.item.id);
        let most = line.as_ref().map_or(1, |line| u64::from(line.quantity) + 1);
        let units = u32::try_from(self.dice.below(most) + 1).unwrap();
        let due = order.cash_due();
        match self.dice.below(32) {
            0 => OrderCommand::Cancel { reason },
            1..4 => OrderCommand::Accept { reason },
            4 if self.dice.one_in(3) => OrderCommand::Reject { reason: always },
            5 | 6 => {
                OrderCommand::ShortPick { missing: vec![StockLine { product_id, units }], reason }
            }
            7..10 => self.some_substitute(product_id, units, reason),
            10..12 => {
                let offered = order.proposals().first().map(|offer| offer.missing);
                let product_id = offered.unwrap_or(product_id);
                OrderCommand::AnswerSubstitution { product_id, agree: self.dice.one_in(2), reason }
            }
            12..15 => OrderCommand::Pack { reason },
            15..18 => OrderCommand::Assign { rider_id: rider(self.dice.below(2).into()), reason },
            18 => OrderCommand::AcceptAssignment { reason },
            19 if self.dice.one_in(2) => OrderCommand::DeclineAssignment { reason },
            20..22 => OrderCommand::PickUp { reason },
            22..24 => OrderCommand::SetOut { reason },
            24 => OrderCommand::Deliver { cash: due, reason },
            25 => {
                OrderCommand::Deliver { cash: due + Paise(i64::from(self.dice.one_in(3))), reason }
            }
            26 if self.dice.one_in(2) => OrderCommand::Fail { reason: always },
            27..30 => OrderCommand::StartPayment,
            30 => OrderCommand::RetryEffects { reason },
            _ => {
                let of = match self.dice.below(3) {
                    0 => RefundOf::All,
                    1 => RefundOf::Units(vec![StockLine { product_id, units }]),
                    _ => RefundOf::Amount(Paise(i64::from(units) * 1_111)),
                };
                OrderCommand::Refund { of, reason: always }
            }
        }
    }

    fn some_substitute(
        &mut self,
        missing: ProductId,
        missing_units: u32,
        reason: Option<Reason>,
    ) -> OrderCommand {
        let instead = product_id(1 + self.dice.below(PRODUCTS));
        let item = Arc::clone(&self.state.catalogue.product(STORE, instead).unwrap().item);
        let units = u32::try_from(self.dice.below(u64::from(missing_units)) + 1).unwrap();
        let substitute = Substitute { missing, missing_units, instead, units };
        OrderCommand::Substitute { substitute, item, reason }
    }
}
