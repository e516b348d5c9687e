"""The layouts that are known without configuration. The order is that of recognition: the more telling come first."""

from __future__ import annotations

from connectors.files.layouts.cards import CARDS
from connectors.files.layouts.crm import FRESHSALES_CONTACTS, HUBSPOT_CONTACTS, SALESFORCE_CONTACTS, ZOHO_CONTACTS
from connectors.files.layouts.google import GOOGLE_CONTACTS
from connectors.files.layouts.layout import Layout
from connectors.files.layouts.linkedin import LINKEDIN_CONNECTIONS
from connectors.files.layouts.mail import MAIL
from connectors.files.layouts.mailchimp import MAILCHIMP_AUDIENCE
from connectors.files.layouts.meetings import EVENTS
from connectors.files.layouts.meta import META_LEADS
from connectors.files.layouts.outlook import OUTLOOK_CONTACTS
from connectors.files.layouts.shopify import SHOPIFY_CUSTOMERS, SHOPIFY_ORDERS
from connectors.files.layouts.stripe import STRIPE_PAYMENTS

LAYOUTS: tuple[Layout, ...] = (
    SHOPIFY_CUSTOMERS,
    SHOPIFY_ORDERS,
    STRIPE_PAYMENTS,
    META_LEADS,
    MAILCHIMP_AUDIENCE,
    LINKEDIN_CONNECTIONS,
    GOOGLE_CONTACTS,
    OUTLOOK_CONTACTS,
    ZOHO_CONTACTS,
    SALESFORCE_CONTACTS,
    HUBSPOT_CONTACTS,
    FRESHSALES_CONTACTS,
    CARDS,
    EVENTS,
    MAIL,
)
